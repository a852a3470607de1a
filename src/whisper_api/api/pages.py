"""The page, and Swagger UI: files of this package and of its dependencies, and of no other site."""

import importlib.resources
import secrets
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from whisper_api.api.manners import PAGE_POLICY

# The player of the page plays what the browser has, and its waveform brings styles of its own, which a browser takes by
# a word that is new with every answer.
_PAGE_POLICY = f"{PAGE_POLICY}; media-src 'self' blob:; style-src 'self' 'nonce-{{nonce}}'"

# Swagger UI sets styles and embeds its icons as data.
_DOCS_POLICY = f"{PAGE_POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


def install(app: FastAPI) -> None:
    web = Path(str(importlib.resources.files("whisper_api"))) / "web"
    swagger = Path(str(importlib.resources.files("fastapi_offline"))) / "static"
    # Files alone are compressed: how well a secret is compressed beside what others sent gives it away.
    app.mount("/assets/swagger", GZipMiddleware(StaticFiles(directory=swagger)))
    app.mount("/assets", GZipMiddleware(StaticFiles(directory=web)))

    index = (web / "index.html").read_text("utf-8")

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(
            index.replace("NONCE", nonce), headers={"Content-Security-Policy": _PAGE_POLICY.format(nonce=nonce)}
        )

    @app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(web / "docs.html", headers={"Content-Security-Policy": _DOCS_POLICY})
