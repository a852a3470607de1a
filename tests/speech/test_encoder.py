"""Which encoder it is, and CTranslate2's own."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel

from tests.e2e import recordings
from whisper_api.speech import engine, memory, weights
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.devices import CPU, Device
from whisper_api.speech.encoder import Encoded, Encoder, PlainEncoder
from whisper_api.speech.engine import Engine, encoder_for
from whisper_api.speech.features import LogMel, stretched
from whisper_api.speech.plan import plan_for
from whisper_api.speech.weights import Weights

GPU = Device("cuda", "float16")
STARTER = weights.in_starter()


@pytest.fixture
def amx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "has_amx", lambda: True)


def chosen(model: WhisperModel, device: Device = CPU, *, of: Weights = STARTER) -> Encoder:
    return encoder_for(model.model, of, device, replace(plan_for(CPU, cores=2), threads=1))


def test_spectrograms_in_company_are_encoded_as_each_alone(model: WhisperModel) -> None:
    features = [
        stretched(LogMel(80)(recordings.speech(name, rate=SAMPLE_RATE)), 5)
        for name in (recordings.FOX, recordings.COUNTING)
    ]
    encoder = PlainEncoder(model.model)

    together = encoder.encode(features)

    for encoded, each in zip(together, features, strict=True):
        [alone] = encoder.encode([each])
        assert encoded.shape == alone.shape == (1, 250, 512)
        assert np.abs(encoded - alone).max() < 0.5
        assert np.corrcoef(encoded.ravel(), alone.ravel())[0, 1] > 0.999


@pytest.mark.usefixtures("amx")
def test_openvino_is_for_processors_with_amx(model: WhisperModel) -> None:
    pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")
    from whisper_api.speech.graph import GraphEncoder

    assert type(chosen(model)) is GraphEncoder


def test_other_processors_have_ctranslate2(model: WhisperModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "has_amx", lambda: False)

    assert type(chosen(model)) is PlainEncoder


@pytest.mark.usefixtures("amx")
def test_a_gpu_has_ctranslate2(model: WhisperModel) -> None:
    assert type(chosen(model, GPU)) is PlainEncoder


@pytest.mark.usefixtures("amx")
def test_where_memory_is_short_ctranslate2_does_it_and_the_log_says_so(
    model: WhisperModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")
    monkeypatch.setattr(memory, "at_hand", lambda: 100_000_000)

    with caplog.at_level(logging.WARNING):
        assert type(chosen(model)) is PlainEncoder

    assert "MB, and 100 MB are free." in caplog.text


@pytest.mark.usefixtures("amx")
@pytest.mark.parametrize("content", [b"", b"\7\0\0\0"], ids=["empty", "of a later version"])
def test_a_file_that_is_not_understood_stays_with_ctranslate2(
    content: bytes, model: WhisperModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "model.bin").write_bytes(content)

    with caplog.at_level(logging.WARNING):
        assert type(chosen(model, of=Weights("new", path=tmp_path))) is PlainEncoder

    assert "OpenVINO is not used" in caplog.text


@pytest.mark.usefixtures("amx")
def test_an_openvino_that_does_not_work_costs_nothing_but_pace(
    model: WhisperModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    openvino = pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")

    def fail(*_: object) -> None:
        raise RuntimeError("no such plugin")

    monkeypatch.setattr(openvino.Core, "compile_model", fail)

    with caplog.at_level(logging.WARNING):
        assert type(chosen(model)) is PlainEncoder

    assert "no such plugin" in caplog.text
    loaded = Engine.load(weights.in_starter())
    assert loaded.plan == plan_for(CPU, amx=False)
    assert loaded.compute_type == "int8"
    loaded.close()


Spoil = Callable[[list[Encoded]], list[Encoded]]


@pytest.mark.usefixtures("amx")
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda heard: heard[:0], id="none"),
        pytest.param(lambda heard: [np.zeros_like(one) for one in heard], id="nothing"),
        pytest.param(lambda heard: [one * np.float32(2) for one in heard], id="louder"),
        pytest.param(lambda heard: [np.roll(one, 1, axis=1) for one in heard], id="late"),
        pytest.param(lambda heard: [one[:, :-1] for one in heard], id="cut off"),
        pytest.param(lambda heard: [one * np.float32(np.nan) for one in heard], id="no numbers"),
    ],
)
def test_an_openvino_that_computes_something_else_is_not_used(
    spoil: Spoil, model: WhisperModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")
    from whisper_api.speech.graph import GraphEncoder

    right = GraphEncoder.encode
    monkeypatch.setattr(GraphEncoder, "encode", lambda self, features: spoil(right(self, features)))

    with caplog.at_level(logging.WARNING):
        assert type(chosen(model)) is PlainEncoder

    assert "do not agree" in caplog.text


@pytest.mark.usefixtures("amx")
def test_an_openvino_that_is_deaf_is_not_used(
    model: WhisperModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")
    from whisper_api.speech.graph import GraphEncoder

    right = GraphEncoder.encode
    monkeypatch.setattr(
        GraphEncoder, "encode", lambda self, features: right(self, [np.zeros_like(one) for one in features])
    )

    with caplog.at_level(logging.WARNING):
        assert type(chosen(model)) is PlainEncoder

    assert "do not agree" in caplog.text


@pytest.mark.usefixtures("amx")
def test_an_engine_says_what_it_computes_in() -> None:
    pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")

    loaded = Engine.load(weights.in_starter())

    assert loaded.plan == plan_for(CPU)
    assert loaded.compute_type == "int8, encoder bfloat16"
    loaded.close()
