"""What may stand behind an option: checked, and offered by shells."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from whisper_api.formats.files import FORMATS, Format
from whisper_api.speech import languages, models

T = TypeVar("T")

ALL = "all"

_MODELS = (*models.OFFICIAL_NAMES, models.STARTER)


class _Offered(click.ParamType[T]):
    """Values of which a shell offers some, each with what it stands for."""

    offers: Mapping[str, str | None]

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        return [
            CompletionItem(before + comma + offer, help=meaning)
            for offer, meaning in self.offers.items()
            if offer.startswith(last)
        ]


class Formats(_Offered[tuple[Format, ...]]):
    """Names of formats with commas between them, or ``all``."""

    name = "format"
    offers = dict.fromkeys([*FORMATS, ALL])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Format, ...]:
        if isinstance(value, tuple):
            return value
        names = [name.strip().lower() for name in value.split(",")]
        for name in names:
            if name not in self.offers:
                self.fail(f"There is no format {name!r}. Those that are: {', '.join(self.offers)}.", param, ctx)
        return tuple(FORMATS.values()) if ALL in names else tuple(FORMATS[name] for name in names)


class Language(_Offered[str]):
    """A language of Whisper's, by its code or its English name."""

    name = "language"
    offers = languages.NAMES

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        code = languages.code_of(value)
        if code is None:
            self.fail(f"Whisper does not know {value!r}. Give a code such as 'de', or an English name.", param, ctx)
        return code


class Model(_Offered[str]):
    """A model by its name; by its directory too, unless only those that have a name will do."""

    name = "model"
    offers = dict.fromkeys(_MODELS)

    def __init__(self, *, directories: bool) -> None:
        self._directories = directories

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in _MODELS and not (self._directories and (Path(value) / "model.bin").is_file()):
            more = " It is no directory of a CTranslate2 Whisper model either." if self._directories else ""
            self.fail(f"There is no model {value!r}.{more} See 'whisper_api models'.", param, ctx)
        return str(value)
