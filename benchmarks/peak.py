"""How far the model's two halves are from what this machine can do, on one core. One JSON line.

The encoder is bound by arithmetic: its operations a second stand beside those of plain matrix products. The decoder is
bound by memory, since each step reads all weights and, for every window, what it listens to: its bytes a second stand
beside those of reading a large array.

usage: python benchmarks/peak.py
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy reads it

import numpy as np
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from whisper_api.speech import weights
from whisper_api.speech.devices import CPU
from whisper_api.speech.encoder import Encoder, PlainEncoder
from whisper_api.speech.engine import encoder_for
from whisper_api.speech.plan import plan_for

_GIGA = 1e9
_REPEATS = 5
_STEPS = 40
_START = (50258, 50259, 50359)  # a transcript in English
_END = 50257

# Whisper base, in whose sizes all is reckoned here.
_STATE, _LAYERS, _HEADS_AND_FFN, _VOCABULARY, _MELS = 512, 6, 12, 51865, 80


def main() -> None:
    plan = replace(plan_for(CPU, cores=1), threads=1)
    model = WhisperModel("base", compute_type="int8", cpu_threads=1, files=weights.in_starter().files)
    chosen = encoder_for(model.model, weights.in_starter(), CPU, plan)
    report = {
        "product, float32": _giga(2 * 2048**3, _fastest(_float32_product())),
        "product, bfloat16": _giga(2 * 2048**3, _fastest(_bfloat16_product())),
        "encoder of CTranslate2": _encoding(PlainEncoder(model.model)),
        "encoder that is chosen": _encoding(chosen),
        "reading": _giga(1 << 30, _fastest(_reading())),
        "decoder": {windows: _decoding(model, chosen, windows) for windows in (1, 2, 4)},
    }
    print(json.dumps({"benchmark": "peak", "unit": "10^9 operations or bytes a second, one core", **report}))


def _float32_product() -> Callable[[], object]:
    one, other = (_random(2048, 2048) for _ in range(2))
    return lambda: one @ other


def _bfloat16_product() -> Callable[[], object]:
    import openvino
    from openvino import opset13 as ops

    one = ops.parameter([2048, 2048], np.float32)
    product = ops.matmul(one, ops.constant(_random(2048, 2048)), transpose_a=False, transpose_b=True)
    threads = {"INFERENCE_PRECISION_HINT": "bf16", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    compiled = openvino.Core().compile_model(openvino.Model([product], [one]), "CPU", threads)
    request, given = compiled.create_infer_request(), _random(2048, 2048)
    return lambda: request.infer([given], share_inputs=True, share_outputs=True)


def _encoding(encoder: Encoder) -> dict[str, float]:
    def pace(seconds: float) -> float:
        features = [_random(_MELS, round(seconds * 100))]
        return _giga(_encoder_operations(seconds), _fastest(lambda: encoder.encode(features)))

    return {f"{seconds} s": pace(seconds) for seconds in (12.8, 24.32, 30)}


def _encoder_operations(seconds: float) -> int:
    frames = round(seconds * 50)
    convolutions = 2 * 3 * _STATE * (2 * frames * _MELS + frames * _STATE)
    layer = 2 * frames * _HEADS_AND_FFN * _STATE**2 + 4 * frames**2 * _STATE
    return convolutions + _LAYERS * layer


def _reading() -> Callable[[], object]:
    array = np.ones((1 << 30) // 8)
    return lambda: array.max()


def _decoding(model: WhisperModel, encoder: Encoder, windows: int) -> float:
    """Of so many windows of 12 s at once."""
    [encoded] = encoder.encode([_random(_MELS, 1200)])
    view = StorageView.from_array(np.concatenate([encoded] * windows))

    def steps(count: int) -> Callable[[], object]:
        prompts = [list(_START)] * windows
        return lambda: model.model.generate(
            view, prompts, beam_size=1, max_length=2 * count, suppress_tokens=[_END], return_scores=False
        )

    seconds = (_fastest(steps(_STEPS + 2)) - _fastest(steps(2))) / _STEPS
    layer = 14 * _STATE**2 + windows * 2 * 4 * encoded.shape[1] * _STATE  # weights in int8, the rest in float32
    return _giga(_LAYERS * layer + _VOCABULARY * _STATE, seconds)


def _random(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).standard_normal(shape, np.float32) / np.float32(10)


def _giga(amount: int, seconds: float) -> float:
    return round(amount / seconds / _GIGA, 1)


def _fastest(work: Callable[[], object]) -> float:
    """Seconds of the processor; the fastest, since what disturbs it makes it slower."""
    work()
    took = []
    for _ in range(_REPEATS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    main()
