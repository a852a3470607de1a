"""Silero's network hears the same on either library, and keeps nothing of it."""

import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from tests.e2e import recordings
from tests.remains import occurrences
from whisper_api.forgetting import _SCRUBBING
from whisper_api.speech import engine
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.devices import CPU, Device
from whisper_api.speech.engine import silero_for
from whisper_api.speech.plan import plan_for
from whisper_api.speech.silero import STATE, GraphSilero, PlainSilero, Silero
from whisper_api.speech.voice import FRAME

SOON = 60.0
GPU = Device("cuda", "float16")
NAMES = (recordings.FOX, recordings.COUNTING, recordings.HELLO)
CONTEXT = 64

Heard = list[NDArray[np.float32]]


@pytest.fixture(scope="module")
def graph() -> GraphSilero:
    pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")
    return GraphSilero(lanes=2, threads=1)


def heard(network: Silero, name: str) -> Heard:
    """What the network says of a recording, and its states."""
    samples = recordings.speech(name, rate=SAMPLE_RATE)
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    hidden, cell = np.zeros(STATE, np.float32), np.zeros(STATE, np.float32)
    return list(network(np.pad(frames, ((0, 0), (CONTEXT, 0))), hidden, cell))


@pytest.mark.parametrize("name", NAMES)
def test_openvino_hears_what_onnxruntime_does(graph: GraphSilero, name: str) -> None:
    for one, other in zip(heard(graph, name), heard(PlainSilero(), name), strict=True):
        assert one.shape == other.shape
        assert one == pytest.approx(other, abs=1e-3)


def test_many_listen_at_the_same_time_and_others_forget_meanwhile(graph: GraphSilero) -> None:
    expected = heard(graph, recordings.FOX)

    def listen() -> list[Heard]:
        results = []
        for _ in range(5):
            results.append(heard(graph, recordings.FOX))
            graph.forget()
        return results

    with ThreadPoolExecutor(8) as pool:
        for results in [pool.submit(listen) for _ in range(8)]:
            for result in results.result(SOON):
                assert all(np.array_equal(one, other) for one, other in zip(result, expected, strict=True))


def chosen(device: Device = CPU) -> type[Silero]:
    return type(silero_for(device, replace(plan_for(CPU, cores=2), threads=1)))


def test_openvino_is_for_processors_where_it_encodes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")
    monkeypatch.setattr(engine, "has_amx", lambda: True)
    assert (chosen(), chosen(GPU)) == (GraphSilero, PlainSilero)

    monkeypatch.setattr(engine, "has_amx", lambda: False)
    assert chosen() is PlainSilero


@pytest.mark.parametrize("trouble", ["no such plugin", "no such file"])
def test_an_openvino_that_does_not_work_costs_nothing_but_pace(
    trouble: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    openvino = pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")
    monkeypatch.setattr(engine, "has_amx", lambda: True)
    if trouble == "no such plugin":

        def fail(*_: object) -> None:
            raise RuntimeError(trouble)

        monkeypatch.setattr(openvino.Core, "compile_model", fail)
    else:
        trouble = "no_such_file*.onnx"
        monkeypatch.setattr("whisper_api.speech.silero._FILE", trouble)

    with caplog.at_level(logging.WARNING):
        assert chosen() is PlainSilero

    assert trouble in caplog.text


_LISTENING = """
import sys
import numpy
from whisper_api.speech.silero import GraphSilero
from whisper_api.speech.voice import VoiceDetector

silero = GraphSilero(lanes=2, threads=1)
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


@pytest.mark.usefixtures("graph")
def test_nothing_of_what_was_heard_stays_in_memory_when_it_has_forgotten() -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", _LISTENING],
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

        assert [occurrences(process, piece) for piece in pieces] == [0] * 2
