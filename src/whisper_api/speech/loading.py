"""From what the operator allows and what the machine has to a loaded engine."""

import logging
from dataclasses import dataclass
from pathlib import Path

from whisper_api.speech import devices, models, weights
from whisper_api.speech.devices import Device
from whisper_api.speech.engine import Engine
from whisper_api.speech.errors import NoModel
from whisper_api.speech.models import Model

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedEngine:
    """``wanted`` is the name of the model that should run; ``notes`` say why something else does.

    ``hub_failed`` where the model hub was asked in vain.
    """

    engine: Engine
    device: Device
    wanted: str
    notes: list[str]
    hub_failed: bool = False


def load(limit: str | None, cpu_limit: str, *, use_gpu: bool, ask_hub: bool) -> LoadedEngine:
    """Load the best model that may run here.

    ``limit`` is an official name, :data:`models.STARTER`, :data:`models.SMALLEST` or a directory. Without one, a GPU
    gets the best model that fits into its free memory and a CPU gets ``cpu_limit``. Raises NoModel.
    """
    device, trouble = devices.pick(use_gpu=use_gpu)
    notes = [trouble] if trouble else []
    name = limit_on(device, limit, cpu_limit)
    if name == models.STARTER:
        return LoadedEngine(Engine.load(weights.in_starter(), device), device, models.STARTER, notes)
    official = models.named(name) if name is not None else None
    if name is not None and name != models.SMALLEST and official is None:
        found = weights.in_directory(Path(name))
        return LoadedEngine(Engine.load(found, device), device, found.name, notes)

    wanted = eligible(name, device)
    if official is not None and wanted[0] is not official:
        notes.append(f"{official.name} does not fit into the GPU's free memory: using {wanted[0].name}.")
    found = weights.find(wanted, ask_hub=ask_hub)
    if found.note:
        notes.append(found.note)
    return LoadedEngine(Engine.load(found, device), device, (official or wanted[0]).name, notes, found.hub_failed)


def limit_on(device: Device, limit: str | None, cpu_limit: str) -> str | None:
    """The best that may run on ``device``; None for whatever fits."""
    return limit if limit is not None or device.kind == "cuda" else cpu_limit


def eligible(limit: str | None, device: Device) -> list[Model]:
    """The models that may run on ``device`` under ``limit``, an official name or :data:`models.SMALLEST`, best first.

    Raises NoModel where none fits.
    """
    official = models.named(limit) if limit is not None else None
    wanted = models.smallest_first() if limit == models.SMALLEST else models.candidates(official)
    if device.free_memory is None:
        return wanted
    fit = models.fitting(wanted, device.free_memory)
    if not fit:
        raise NoModel(
            f"No model up to {wanted[0].name} fits into the {device.free_memory // models.MB} MB that are free on "
            "the GPU. Free some, or set USE_GPU_IF_AVAILABLE=0."
        )
    return fit
