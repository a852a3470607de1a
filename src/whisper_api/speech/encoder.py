"""Spectrograms in, and out comes what the decoder listens to: the model's first half, on what computes it fastest."""

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from ctranslate2 import StorageView
from ctranslate2.models import Whisper
from numpy.typing import NDArray

from whisper_api.speech import memory, variables
from whisper_api.speech.devices import Device
from whisper_api.speech.models import MB
from whisper_api.speech.plan import Plan
from whisper_api.speech.processor import has_amx
from whisper_api.speech.weights import Weights

logger = logging.getLogger(__name__)

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


def encoder_for(model: Whisper, weights: Weights, device: Device, plan: Plan) -> Encoder:
    """The fastest encoder of ``model``, whose ``weights`` these are.

    Processors that multiply matrices in bfloat16 (Intel's AMX) are three times as fast with OpenVINO, which computes
    all of it so, as with CTranslate2, whose attention is in float32; all others are not (docs/benchmarks.md).
    """
    if device.kind == "cpu" and has_amx() and find_spec("openvino"):
        from whisper_api.speech.graph import BYTES_A_WEIGHT, GraphEncoder

        try:
            found = variables.read(weights.binary)
            needed = BYTES_A_WEIGHT * sum(one.size for name, one in found.items() if name.startswith("encoder/"))
            if needed <= memory.at_hand():
                return GraphEncoder(found, lanes=plan.lanes, threads=plan.threads)
            logger.warning("The encoder stays with CTranslate2: it would need %d MB more.", needed // MB)
        except variables.UnknownFormat as error:
            logger.warning("The encoder stays with CTranslate2: %s", error)
    return PlainEncoder(model)


def one_by_one(encoded: Encoded) -> list[Encoded]:
    return [encoded[index : index + 1] for index in range(len(encoded))]
