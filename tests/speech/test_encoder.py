"""The encoder, by CTranslate2 and by OpenVINO, which must hear the same."""

import gc
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import psutil
import pytest
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from tests.e2e import recordings
from tests.e2e.test_forgetting import occurrences
from whisper_api.forgetting import _SCRUBBING
from whisper_api.speech import encoder, memory, variables, weights
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.devices import CPU, Device
from whisper_api.speech.encoder import Encoded, Encoder, PlainEncoder, encoder_for
from whisper_api.speech.features import LogMel, stretched
from whisper_api.speech.plan import plan_for
from whisper_api.speech.variables import UnknownFormat, Variables

pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")

from whisper_api.speech.graph import GraphEncoder

PLAN = replace(plan_for(CPU, cores=2, avx512=True))
GPU = Device("cuda", "float16")


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


@pytest.mark.parametrize("missing", ["encoder/num_heads", "encoder/conv2/bias", "encoder/layer_3/ffn/linear_1/weight"])
def test_variables_that_make_no_encoder_are_refused(starter: Variables, missing: str) -> None:
    with pytest.raises(UnknownFormat, match=missing):
        GraphEncoder({name: value for name, value in starter.items() if name != missing}, lanes=1, threads=1)


@pytest.mark.parametrize("kind", ["plain", "graph"])
def test_spectrograms_in_company_are_encoded_as_each_alone(kind: str, model: WhisperModel, graph: GraphEncoder) -> None:
    one = PlainEncoder(model.model) if kind == "plain" else graph
    features = [spectrogram(recordings.FOX), spectrogram(recordings.COUNTING)]

    together = one.encode(features)

    for encoded, each in zip(together, features, strict=True):
        [alone] = one.encode([each])
        assert encoded.shape == alone.shape == (1, 250, 512)
        assert np.abs(encoded - alone).max() < 0.5
        assert np.corrcoef(encoded.ravel(), alone.ravel())[0, 1] > 0.999


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
    begun = threading.Barrier(3)

    def encode() -> list[Encoded]:
        begun.wait()
        return [graph.encode([features])[0] for _ in range(3)]

    with ThreadPoolExecutor(2) as pool:
        heard = [pool.submit(encode) for _ in range(2)]
        begun.wait()
        for _ in range(5):
            graph.forget()

        for one in heard:
            assert all(np.array_equal(encoded, expected) for encoded in one.result())


_FORGETTING = """
import sys
import numpy
from whisper_api.speech import graph, variables, weights

encoder = graph.GraphEncoder(variables.read(weights.in_starter().binary), lanes=2, threads=1)
features = numpy.random.default_rng().normal(size=(80, 2400)).astype(numpy.float32)
[encoded] = encoder.encode([features])
for piece in (features[40, 1000:1016], encoded[0, 300, 100:116]):
    print(bytes(byte ^ 255 for byte in piece.tobytes()).hex(), flush=True)
sys.stdin.readline()
del features, encoded, piece
encoder.forget()
print("Done.", flush=True)
sys.stdin.readline()
"""


def test_nothing_of_what_it_saw_and_heard_stays_in_memory_when_it_has_forgotten() -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", _FORGETTING],
        env={**os.environ, **_SCRUBBING},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    with program:
        assert program.stdin
        assert program.stdout
        pieces = [bytes(byte ^ 255 for byte in bytes.fromhex(program.stdout.readline())) for _ in range(2)]
        process = psutil.Process(program.pid)
        try:
            assert all(occurrences(process, piece) > 0 for piece in pieces)
        except PermissionError:
            pytest.skip("this machine lets nobody read another process's memory")

        print(file=program.stdin)
        assert program.stdout.readline() == "Done.\n"

        assert [occurrences(process, piece) for piece in pieces] == [0, 0]


# ---- which one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has_amx", "device", "expected"),
    [(True, CPU, GraphEncoder), (False, CPU, PlainEncoder), (True, GPU, PlainEncoder)],
)
def test_openvino_is_for_processors_with_amx(
    has_amx: bool, device: Device, expected: type[Encoder], model: WhisperModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "has_amx", lambda: has_amx)

    assert type(encoder_for(model.model, weights.in_starter(), device, PLAN)) is expected


def test_without_openvino_ctranslate2_does_it(model: WhisperModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "has_amx", lambda: True)
    monkeypatch.setattr(encoder, "find_spec", lambda _: None)

    assert type(encoder_for(model.model, weights.in_starter(), CPU, PLAN)) is PlainEncoder


def test_where_memory_is_short_ctranslate2_does_it_and_the_log_says_so(
    model: WhisperModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(encoder, "has_amx", lambda: True)
    monkeypatch.setattr(memory, "at_hand", lambda: 100_000_000)

    with caplog.at_level(logging.WARNING):
        assert type(encoder_for(model.model, weights.in_starter(), CPU, PLAN)) is PlainEncoder

    assert "it would need 164 MB more" in caplog.text


def test_a_file_that_openvino_cannot_be_given_stays_with_ctranslate2_and_the_log_says_so(
    model: WhisperModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(encoder, "has_amx", lambda: True)
    unknown = weights.Weights("new", files={"model.bin": b"\7\0\0\0"})

    with caplog.at_level(logging.WARNING):
        assert type(encoder_for(model.model, unknown, CPU, PLAN)) is PlainEncoder

    assert "The encoder stays with CTranslate2" in caplog.text
