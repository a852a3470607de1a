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

INPUT = 576
"""The samples that it sees of a frame: 64 of what comes before it, and its own."""

_FILE = "silero_vad_v6.onnx"
_STEP = 39  # frames: an eighth of a block


class Silero(Protocol):
    """It may be used from several threads."""

    def __call__(
        self, frames: NDArray[np.float32], hidden: NDArray[np.float32], cell: NDArray[np.float32]
    ) -> Sequence[NDArray[np.float32]]:
        """How likely each of ``frames``, of shape (frames, 576), holds speech; and the two states to go on with.

        The states are right after a whole block of frames only (voice.py): nothing follows any other. What is given may
        be overwritten.
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


class CompiledSilero:
    """On OpenVINO, in less than half the time. Raises ImportError, OSError or RuntimeError where it cannot run.

    OpenVINO prepares for each number of frames that it has not met, and keeps that, so they are made up to one of few.
    """

    def __init__(self, *, lanes: int, threads: int) -> None:
        from whisper_api.speech.compiled import Compiled

        network = Path(get_assets_path()) / _FILE
        self._network = Compiled(network, lanes=lanes, threads=threads, precision="f32")
        state = np.zeros(STATE, np.float32)
        outputs = self._network(np.zeros((_STEP, INPUT), np.float32), state.copy(), state.copy())
        if [one.size for one in outputs] != [_STEP, state.size, state.size]:
            raise RuntimeError(f"{_FILE} is not the network that it was")

    def __call__(
        self, frames: NDArray[np.float32], hidden: NDArray[np.float32], cell: NDArray[np.float32]
    ) -> Sequence[NDArray[np.float32]]:
        count = len(frames)
        frames = np.pad(frames, ((0, -count % _STEP), (0, 0)))
        speech, hidden, cell = self._network(frames, hidden, cell)
        return speech.reshape(-1)[:count], hidden, cell

    def forget(self) -> None:
        self._network.forget()
