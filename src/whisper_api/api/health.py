"""Is the server alive, and can it serve?"""

from fastapi import APIRouter, Response

from whisper_api.api.schemas import Health
from whisper_api.tasks.desk import Desk


def router(desk: Desk, *, waits_for_model: bool) -> APIRouter:
    """``waits_for_model`` where the server is only ready with a model in memory."""
    health = APIRouter(tags=["Server"])

    @health.get("/healthz")
    async def healthz() -> Health:
        """200 for as long as the server answers at all."""
        return Health(status="alive")

    @health.get("/readyz", responses={503: {"model": Health}})
    async def readyz(response: Response) -> Health:
        """200 once recordings can be sent: after the first load, if the model is loaded at start."""
        if desk.closing:
            response.status_code = 503
            return Health(status="shutting down")
        if desk.worker.trouble:
            response.status_code = 503
            return Health(status=desk.worker.trouble)
        if waits_for_model and desk.worker.last_loaded is None:
            response.status_code = 503
            return Health(status="loading the model")
        return Health(status="ready")

    return health
