"""Silero's network hears the same on either library, and keeps nothing of it."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from tests.e2e import recordings
from tests.remains import assert_forgets
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.devices import CPU
from whisper_api.speech.encoder import Encoded, Encoder, PlainEncoder
from whisper_api.speech.engine import silero_for
from whisper_api.speech.plan import plan_for
from whisper_api.speech.silero import INPUT, STATE, CompiledSilero, PlainSilero, Silero
from whisper_api.speech.voice import FRAME

SOON = 60.0
NAMES = (recordings.FOX, recordings.COUNTING, recordings.HELLO)
BLOCK = 312

Heard = list[NDArray[np.float32]]


@pytest.fixture(scope="module")
def compiled() -> CompiledSilero:
    pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")
    return CompiledSilero(lanes=2, threads=1)


def heard(network: Silero, *names: str, frames: int | None = None) -> Heard:
    """What the network says of so many frames of recordings, or all, and its states."""
    samples = recordings.speech(*names, rate=SAMPLE_RATE)
    blocks = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)[:frames]
    assert frames in (None, len(blocks))
    hidden, cell = np.zeros(STATE, np.float32), np.zeros(STATE, np.float32)
    return list(network(np.pad(blocks, ((0, 0), (INPUT - FRAME, 0))), hidden, cell))


@pytest.mark.parametrize("name", NAMES)
def test_openvino_hears_what_onnxruntime_does(compiled: CompiledSilero, name: str) -> None:
    speech, *_ = heard(compiled, name)
    expected, *_ = heard(PlainSilero(), name)

    assert speech == pytest.approx(expected.reshape(-1), abs=1e-3)


def test_after_a_whole_block_it_goes_on_as_onnxruntime_does(compiled: CompiledSilero) -> None:
    states = heard(compiled, *NAMES, *NAMES, frames=BLOCK)[1:]
    expected = heard(PlainSilero(), *NAMES, *NAMES, frames=BLOCK)[1:]

    for one, other in zip(states, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-3)


def test_what_fails_costs_no_place(compiled: CompiledSilero) -> None:
    """Or the next would wait for ever."""
    state = np.zeros(STATE, np.float32)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            compiled(np.zeros((10, INPUT), np.float32), state[:, :, 1:].copy(), state.copy())

    compiled.forget()
    assert heard(compiled, recordings.FOX)


def test_many_listen_at_the_same_time_and_others_forget_meanwhile(compiled: CompiledSilero) -> None:
    expected = heard(compiled, recordings.FOX)

    def listen() -> list[Heard]:
        results = []
        for _ in range(5):
            results.append(heard(compiled, recordings.FOX))
            compiled.forget()
        return results

    with ThreadPoolExecutor(8) as pool:
        for results in [pool.submit(listen) for _ in range(8)]:
            for result in results.result(SOON):
                assert all(np.array_equal(one, other) for one, other in zip(result, expected, strict=True))


class OtherEncoder:
    """One that is not CTranslate2's."""

    def encode(self, features: Sequence[NDArray[np.float32]]) -> list[Encoded]:
        raise NotImplementedError

    def forget(self) -> None:
        raise NotImplementedError


def chosen(encoder: Encoder) -> type[Silero]:
    return type(silero_for(encoder, replace(plan_for(CPU, cores=2), threads=1)))


@pytest.mark.usefixtures("compiled")
def test_openvino_tells_where_it_encodes_too() -> None:
    assert chosen(OtherEncoder()) is CompiledSilero


def test_where_ctranslate2_encodes_onnxruntime_tells(model: WhisperModel) -> None:
    assert chosen(PlainEncoder(model.model)) is PlainSilero


@pytest.mark.parametrize("trouble", ["no such plugin", "no_such_file.onnx", "not the network"])
def test_an_openvino_that_does_not_work_costs_nothing_but_pace(
    trouble: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    openvino = pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")

    def fail(*_: object) -> None:
        raise RuntimeError(trouble)

    if trouble == "no such plugin":
        monkeypatch.setattr(openvino.Core, "compile_model", fail)
    elif trouble == "no_such_file.onnx":
        monkeypatch.setattr("whisper_api.speech.silero._FILE", trouble)
    else:
        monkeypatch.setattr("whisper_api.speech.silero.STATE", (1, 1, 64))

    with caplog.at_level(logging.WARNING):
        assert chosen(OtherEncoder()) is PlainSilero

    assert "Voice activity is told without OpenVINO" in caplog.text


_LISTENING = """
import sys
import numpy
from whisper_api.speech.silero import CompiledSilero
from whisper_api.speech.voice import VoiceDetector

silero = CompiledSilero(lanes=2, threads=1)
samples = numpy.random.default_rng(1).normal(size=200_000).astype(numpy.float32)
for start in (100_000, 199_000):
    print(bytes(byte ^ 255 for byte in samples[start : start + 16].tobytes()).hex(), flush=True)
sounds = list(VoiceDetector(silero).listen(iter([samples])))
sys.stdin.readline()
del samples, sounds
silero.forget()
print("Done.", flush=True)
sys.stdin.readline()
"""


@pytest.mark.usefixtures("compiled")
def test_nothing_of_what_was_heard_stays_in_memory_when_it_has_forgotten() -> None:
    assert_forgets(_LISTENING, pieces=2)
