"""Spectrograms in, and out comes what the decoder listens to: the model's first half."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from ctranslate2 import StorageView
from ctranslate2.models import Whisper
from numpy.typing import NDArray

Encoded = NDArray[np.floating]
"""The encoder's output for one window, of shape (1, frames / 2, state)."""


class Encoder(Protocol):
    """It may be used from as many threads at a time as the plan has lanes."""

    def encode(self, features: Sequence[NDArray[np.float32]]) -> list[Encoded]:
        """Encode spectrograms of one shape, (mels, frames)."""

    def forget(self) -> None:
        """Keep nothing of what was encoded; whatever is being encoded is waited for."""


class PlainEncoder:
    """CTranslate2's own."""

    def __init__(self, model: Whisper) -> None:
        self._model = model

    def encode(self, features: Sequence[NDArray[np.float32]]) -> list[Encoded]:
        return one_by_one(np.asarray(self._model.encode(StorageView.from_array(np.stack(features)), to_cpu=True)))

    def forget(self) -> None:
        """It keeps nothing."""


def one_by_one(encoded: Encoded) -> list[Encoded]:
    return [encoded[index : index + 1] for index in range(len(encoded))]
