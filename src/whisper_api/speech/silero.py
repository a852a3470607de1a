"""Silero's network (https://github.com/snakers4/silero-vad), as faster-whisper carries it, on one of two libraries."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from faster_whisper.utils import get_assets_path
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray

STATE = (1, 1, 128)
"""The shape of each of the two states that it goes on with."""

_FILE = "silero_vad*.onnx"


class Silero(Protocol):
    """It may be used from several threads."""

    def __call__(
        self, frames: NDArray[np.float32], hidden: NDArray[np.float32], cell: NDArray[np.float32]
    ) -> Sequence[NDArray[np.float32]]:
        """How likely each of ``frames``, of shape (frames, samples), holds speech; and the two states after them.

        What is given may be overwritten.
        """

    def forget(self) -> None:
        """Keep nothing of what was heard; whatever is being heard is waited for."""


class PlainSilero:
    """On onnxruntime, as in faster-whisper."""

    def __init__(self) -> None:
        self._session = get_vad_model().session

    def __call__(
        self, frames: NDArray[np.float32], hidden: NDArray[np.float32], cell: NDArray[np.float32]
    ) -> Sequence[NDArray[np.float32]]:
        outputs: list[NDArray[np.float32]] = self._session.run(None, {"input": frames, "h": hidden, "c": cell})
        return outputs

    def forget(self) -> None:
        """It keeps nothing."""


class GraphSilero:
    """On OpenVINO, which needs less than half the time. Raises OSError or RuntimeError where it can not be read."""

    def __init__(self, *, lanes: int, threads: int) -> None:
        import openvino

        from whisper_api.speech.compiled import Compiled

        found = sorted(Path(get_assets_path()).glob(_FILE))
        if not found:
            raise FileNotFoundError(f"faster-whisper carries no {_FILE}")
        network = openvino.Core().read_model(found[-1])
        self._network = Compiled(network, lanes=lanes, threads=threads, precision="f32")

    def __call__(
        self, frames: NDArray[np.float32], hidden: NDArray[np.float32], cell: NDArray[np.float32]
    ) -> Sequence[NDArray[np.float32]]:
        return self._network(frames, hidden, cell)

    def forget(self) -> None:
        self._network.forget()
