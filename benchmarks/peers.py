"""What the same weights give on this machine without this project: the programs that people run today."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch

from whisper_api.speech import starter
from whisper_api.speech.processor import usable_cores

Transcribe = Callable[[Path], str]
P = ParamSpec("P")
R = TypeVar("R")

_made: Callable[..., Any]


@contextmanager
def alone(
    make: Callable[..., Callable[P, R]], *arguments: object, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Callable[P, R]]:
    """What ``make`` returns, in a process of its own that is started in this ``environment`` and is ready."""
    begin = partial(_begin, make, *arguments)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=begin) as process:
        with patch.dict(os.environ, environment):
            process.submit(_is_ready).result()
        yield lambda *args, **kwargs: process.submit(_carry_out, *args, **kwargs).result()


def faster_whisper() -> Transcribe:
    """faster-whisper as it comes: int8 on the CPU, beams of 5, the language detected."""
    model = _model()
    return lambda file: _text(model.transcribe(str(file))[0])


def faster_whisper_batched() -> Transcribe:
    """Its pipeline for one recording's windows in batches."""
    from faster_whisper import BatchedInferencePipeline

    pipeline = BatchedInferencePipeline(_model())
    return lambda file: _text(pipeline.transcribe(str(file), batch_size=8)[0])


def openai_whisper(checkpoint: Path) -> Transcribe:
    """openai-whisper on a checkpoint of the same weights (it cannot read CTranslate2's)."""
    import torch
    import whisper

    _know_nothing_of_this_project()
    torch.set_num_threads(usable_cores())
    model = whisper.load_model(str(checkpoint), device="cpu")
    return lambda file: str(model.transcribe(str(file), fp16=False)["text"])


def _begin(make: Callable[..., Callable[..., Any]], *arguments: object) -> None:
    global _made
    _made = make(*arguments)


def _is_ready() -> bool:
    return True


def _carry_out(*arguments: Any, **named: Any) -> Any:
    return _made(*arguments, **named)


def _know_nothing_of_this_project() -> None:
    for name in ("CT2_FORCE_CPU_ISA", "OMP_NUM_THREADS"):  # set by it, and nothing of theirs has read it yet
        os.environ.pop(name, None)


def _model() -> Any:
    from faster_whisper import WhisperModel

    _know_nothing_of_this_project()
    with tempfile.TemporaryDirectory() as folder:
        for name, content in starter.read().items():
            (Path(folder) / name).write_bytes(content)
        return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=usable_cores())


def _text(segments: Any) -> str:
    return "".join(segment.text for segment in segments)
