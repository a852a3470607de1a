"""From what the operator allows and what the machine has to a loaded engine."""

import logging
from dataclasses import dataclass
from pathlib import Path

from whisper_api.speech import devices, models, weights
from whisper_api.speech.devices import Device
from whisper_api.speech.engine import Engine
from whisper_api.speech.errors import NoModel

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
    name = limit if limit is not None or device.kind == "cuda" else cpu_limit
    if name == models.STARTER:
        return LoadedEngine(Engine.load(weights.in_starter(), device), device, models.STARTER, notes)
    official = models.named(name) if name is not None else None
    if name is not None and name != models.SMALLEST and official is None:
        found = weights.in_directory(Path(name))
        return LoadedEngine(Engine.load(found, device), device, found.name, notes)

    wanted = models.smallest_first() if name == models.SMALLEST else models.candidates(official)
    if device.free_memory is not None:
        fit = models.fitting(wanted, device.free_memory)
        if not fit:
            raise NoModel(
                f"No model up to {wanted[0].name} fits into the {device.free_memory // models.MB} MB that are free on "
                "the GPU. Free some, or set USE_GPU_IF_AVAILABLE=0."
            )
        if official is not None and fit[0] is not official:
            notes.append(f"{official.name} does not fit into the GPU's free memory: using {fit[0].name}.")
        wanted = fit
    found = weights.find(wanted, ask_hub=ask_hub)
    if found.note:
        notes.append(found.note)
    return LoadedEngine(Engine.load(found, device), device, (official or wanted[0]).name, notes, found.hub_failed)
