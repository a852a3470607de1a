"""Puts the parts together. Nothing else knows all of them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI

from whisper_api import __version__
from whisper_api.api import admin, errors, health, native, openai, pages, results
from whisper_api.api.identity import Doorkeeper
from whisper_api.api.lingering import LingeringClose
from whisper_api.api.manners import Manners
from whisper_api.api.writer import Writer
from whisper_api.forgetting import no_core_dumps
from whisper_api.observe import logs
from whisper_api.settings import MB, Settings
from whisper_api.speech import models
from whisper_api.speech.options import Options
from whisper_api.tasks.desk import Desk, Transcriber
from whisper_api.tasks.queue import Queue
from whisper_api.tasks.recording import Shelf
from whisper_api.tasks.store import Store
from whisper_api.workers.messages import Load
from whisper_api.workers.worker import Worker

logger = logging.getLogger(__name__)

DESCRIPTION = """
Upload a recording, wait in one fair queue, read its text. Recordings and texts are kept in memory only and are
deleted after a while.

Quick start: `POST /api/v1/transcribe?wait=600` with a file answers with its text.
"""


def create_app(settings: Settings, *, worker: Transcriber | None = None) -> FastAPI:
    """The whole server as an ASGI application. ``worker`` replaces the real one in tests."""
    _configure_logging(settings)
    no_core_dumps()
    desk = Desk(
        worker=worker or _worker(settings),
        queue=Queue(settings.max_task_queue_size),
        store=Store(lifetime=settings.result_lifetime, refresh=settings.refresh_expiration_time_on_usage),
        shelf=Shelf(largest=settings.max_upload_mb * MB, capacity=settings.recordings_capacity),
        defaults=Options(
            max_seconds=settings.max_duration_m * 60, beam_size=settings.beam_size, languages=settings.languages
        ),
        at_once=settings.recordings_at_once,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_exception_handler(_log_unhandled)
        running = [asyncio.create_task(desk.work(), name="desk")]
        if settings.run_result_expiry_check_m:
            running.append(asyncio.create_task(desk.sweep_every(settings.run_result_expiry_check_m * 60)))
        if settings.load_model_on_startup:
            desk.worker.load_soon()
        try:
            yield
        finally:
            try:
                await desk.close(settings.shutdown_grace_s)
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
                await desk.worker.close()

    app = FastAPI(
        title="whisper_api",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        # Its spans would hold addresses, and so task ids, and its logs the messages of exceptions.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.desk = desk
    app.add_middleware(LingeringClose)
    app.add_middleware(Manners)
    errors.install(app, desk)
    writer = Writer()
    doorkeeper = Doorkeeper(settings.trusted_proxies)
    app.include_router(native.router(desk, doorkeeper, max_model=settings.model_limit))
    app.include_router(results.router(desk, writer))
    app.include_router(openai.router(desk, writer, configured_model=_official(settings.model_limit)))
    app.include_router(health.router(desk, waits_for_model=settings.load_model_on_startup))
    app.include_router(
        admin.router(
            doorkeeper,
            mails=settings.mails,
            localhost=settings.logs_for_localhost,
            logs=partial(logs.files, settings.log_dir, settings.log_file),
        )
    )
    pages.install(app)
    return app


def _log_unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # asyncio's own handler writes an exception's message, which may hold what was said.
    logger.error("%s", context["message"], exc_info=context.get("exception"))


def _worker(settings: Settings) -> Worker:
    return Worker(
        Load(
            limit=settings.load_limit,
            cpu_limit=settings.cpu_fallback_model,
            use_gpu=settings.use_gpu_if_available,
            ask_hub=True,
        ),
        unload_after=settings.unload_model_after_s,
    )


def _official(name: str | None) -> str | None:
    """``name`` where it is one that everybody knows, and not a directory of this machine."""
    return name if name is not None and models.named(name) else None


def _configure_logging(settings: Settings) -> None:
    logs.configure(
        directory=settings.log_dir,
        file=settings.log_file,
        console_level=settings.log_level_console,
        file_level=settings.log_level_file,
        line_format=settings.log_format,
        date_format=settings.log_date_format,
        private=settings.log_privacy_mode,
        rotation_when=settings.log_rotation_when,
        rotation_interval=settings.log_rotation_interval,
        rotation_backup_count=settings.log_rotation_backup_count,
    )
