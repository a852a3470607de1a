"""The page, and Swagger UI: files of this package and of its dependencies, and of no other site."""

import importlib.resources
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from whisper_api.api.manners import PAGE_POLICY

# Swagger UI sets styles and embeds its icons as data.
_DOCS_POLICY = f"{PAGE_POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


def install(app: FastAPI) -> None:
    web = Path(str(importlib.resources.files("whisper_api"))) / "web"
    swagger = Path(str(importlib.resources.files("fastapi_offline"))) / "static"
    app.mount("/assets/swagger", StaticFiles(directory=swagger))
    app.mount("/assets", StaticFiles(directory=web))

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(web / "index.html")

    @app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(web / "docs.html", headers={"Content-Security-Policy": _DOCS_POLICY})
