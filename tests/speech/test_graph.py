"""The encoder as OpenVINO computes it, which must hear what CTranslate2 hears, and keep nothing."""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from tests.e2e import recordings
from tests.remains import assert_forgets
from whisper_api.speech import variables, weights
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.encoder import Encoded, Encoder, PlainEncoder
from whisper_api.speech.features import LogMel, stretched
from whisper_api.speech.processor import has_amx
from whisper_api.speech.variables import UnknownFormat, Variables

pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")

from whisper_api.speech.graph import GraphEncoder

SOON = 60.0


@pytest.fixture(scope="module")
def starter() -> Variables:
    return variables.read(weights.in_starter().binary)


@pytest.fixture(scope="module")
def exact() -> Iterator[Encoder]:
    """CTranslate2 in float32."""
    model = WhisperModel("base", compute_type="float32", cpu_threads=1, files=weights.in_starter().files)
    yield PlainEncoder(model.model)
    del model
    gc.collect()


@pytest.fixture(scope="module")
def graph(starter: Variables) -> GraphEncoder:
    return GraphEncoder(starter, lanes=2, threads=1)


def spectrogram(name: str = recordings.FOX, *, seconds: float = 5) -> NDArray[np.float32]:
    return stretched(LogMel(80)(recordings.speech(name, rate=SAMPLE_RATE)), seconds)


def difference(one: Encoded, other: Encoded) -> float:
    """How far ``one`` is from ``other``, as a part of it."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


@pytest.mark.parametrize("seconds", [5, 12.5, 30])
def test_the_graph_computes_what_ctranslate2_does(starter: Variables, exact: Encoder, seconds: float) -> None:
    features = spectrogram(seconds=seconds)

    [heard] = GraphEncoder(starter, lanes=1, threads=2, precision="f32").encode([features])

    [expected] = exact.encode([features])
    assert heard.shape == expected.shape == (1, seconds * 50, 512)
    assert heard.dtype == np.float32
    assert difference(heard, expected) < 1e-3


def test_in_bfloat16_it_is_nearer_to_the_truth_than_ctranslate2_in_int8(
    graph: GraphEncoder, exact: Encoder, model: WhisperModel
) -> None:
    features = spectrogram()
    [expected] = exact.encode([features])

    [heard] = graph.encode([features])
    [quantized] = PlainEncoder(model.model).encode([features])

    assert difference(heard, expected) < difference(quantized, expected) < 0.2


def test_weights_that_are_quantized_already_are_understood(starter: Variables, graph: GraphEncoder) -> None:
    quantized = dict(starter)
    for name, weight in starter.items():
        if name.startswith("encoder/layer_") and name.endswith("/weight"):
            scales = 127 / np.abs(weight.astype(np.float32)).max(axis=1)
            quantized[name] = np.rint(weight * scales[:, np.newaxis]).astype(np.int8)
            quantized[f"{name}_scale"] = scales
    features = spectrogram()

    [heard] = GraphEncoder(quantized, lanes=1, threads=1).encode([features])

    assert difference(heard, graph.encode([features])[0]) < 0.2


def test_weights_too_large_for_float16_are_kept_as_they_are(starter: Variables, graph: GraphEncoder) -> None:
    """They multiply what is smaller in turn, so that the same comes out."""
    larger = dict(starter)
    for name, factor in (("layer_norm/gamma", 1e-7), ("layer_norm/beta", 1e-7), ("linear_0/weight", 1e7)):
        name = f"encoder/layer_0/self_attention/{name}"
        larger[name] = starter[name].astype(np.float32) * np.float32(factor)
    features = spectrogram()

    [heard] = GraphEncoder(larger, lanes=1, threads=1, precision="f32").encode([features])

    assert np.isfinite(heard).all()
    assert difference(heard, graph.encode([features])[0]) < 0.2


@pytest.mark.parametrize("missing", ["encoder/num_heads", "encoder/conv2/bias", "encoder/layer_3/ffn/linear_1/weight"])
def test_variables_that_make_no_encoder_are_refused(starter: Variables, missing: str) -> None:
    with pytest.raises(UnknownFormat, match=missing):
        GraphEncoder({name: value for name, value in starter.items() if name != missing}, lanes=1, threads=1)


def test_spectrograms_in_company_are_encoded_as_each_alone(graph: GraphEncoder) -> None:
    features = [spectrogram(recordings.FOX), spectrogram(recordings.COUNTING)]

    together = graph.encode(features)

    for encoded, each in zip(together, features, strict=True):
        assert difference(encoded, graph.encode([each])[0]) < 0.02


def test_what_was_encoded_stays_as_it_is_when_more_is(graph: GraphEncoder) -> None:
    [heard] = graph.encode([spectrogram()])
    before = heard.copy()

    graph.encode([spectrogram(recordings.COUNTING)])
    graph.encode([spectrogram(recordings.HELLO)])

    np.testing.assert_array_equal(heard, before)


def test_it_encodes_as_before_when_it_has_forgotten(graph: GraphEncoder) -> None:
    features = spectrogram()
    [before] = graph.encode([features])

    graph.forget()
    graph.forget()

    np.testing.assert_array_equal(graph.encode([features])[0], before)


def test_it_forgets_while_others_encode(graph: GraphEncoder) -> None:
    features = spectrogram()
    [expected] = graph.encode([features])

    def encode() -> list[Encoded]:
        return [graph.encode([features])[0] for _ in range(5)]

    with ThreadPoolExecutor(2) as pool:
        heard = [pool.submit(encode) for _ in range(2)]
        while not all(one.done() for one in heard):
            graph.forget()

        for one in heard:
            assert all(np.array_equal(encoded, expected) for encoded in one.result(SOON))


def test_what_fails_costs_no_place(graph: GraphEncoder) -> None:
    """Or the next would wait for ever."""
    for _ in range(3):
        with pytest.raises(RuntimeError):
            graph.encode([np.zeros((3, 100), np.float32)])

    graph.forget()
    assert graph.encode([spectrogram()])


_SECOND = """
import psutil
from whisper_api.speech import graph, memory, variables, weights

def taken():
    memory.give_back()
    return psutil.Process().memory_full_info().uss

def encoder():
    return graph.GraphEncoder(starter, lanes=1, threads=1)

starter = variables.read(weights.in_starter().binary)
first = encoder()  # and all that is loaded once
before = taken()
second = encoder()
print((taken() - before) / sum(one.size for name, one in starter.items() if name.startswith("encoder/")))
"""


@pytest.mark.skipif(not has_amx(), reason="this processor has no AMX: OpenVINO packs weights in other ways")
def test_its_weights_are_kept_in_float16_and_bfloat16_only() -> None:
    program = [sys.executable, "-c", _SECOND]

    bytes_a_weight = float(subprocess.run(program, stdout=subprocess.PIPE, check=True).stdout)

    assert 2 < bytes_a_weight < 5.5


_FORGETTING = """
import sys
from concurrent.futures import ThreadPoolExecutor
import numpy
from whisper_api.speech import graph, variables, weights

encoder = graph.GraphEncoder(variables.read(weights.in_starter().binary), lanes=2, threads=1)

def encode(seed):
    numbers = numpy.random.default_rng(seed)
    for frames, count in ((2400, 1), (1200, 2), (600, 1)):
        features = [numbers.normal(size=(80, frames)).astype(numpy.float32) for _ in range(count)]
        encoded = encoder.encode(features)
        for piece in (features[-1][40, 100:116], encoded[-1][0, 200, 100:116]):
            # In one call, so that the other thread's line does not come between.
            sys.stdout.write(bytes(byte ^ 255 for byte in piece.tobytes()).hex() + "\\n")
            sys.stdout.flush()
        kept.append((features, encoded))

kept = []
with ThreadPoolExecutor(2) as pool:
    list(pool.map(encode, (1, 2)))
sys.stdin.readline()
kept.clear()
encoder.forget()
print("Done.", flush=True)
sys.stdin.readline()
"""


def test_nothing_of_what_it_saw_and_heard_stays_in_memory_when_it_has_forgotten() -> None:
    assert_forgets(_FORGETTING, pieces=12)


def test_openvino_is_kept_from_reporting_to_its_maker(tmp_path: Path) -> None:
    """And from the files that it would keep for that."""
    program = """
import sys
def watch(event, _):
    assert event not in ("socket.connect", "socket.getaddrinfo"), event
sys.addaudithook(watch)
import whisper_api.speech.graph
assert not [name for name in sys.modules if name.startswith("openvino_telemetry.")]
"""
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "HOME": str(tmp_path)}, check=True)

    assert list(tmp_path.iterdir()) == []
