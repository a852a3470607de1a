"""Speech in many languages, with the embedded multilingual model."""

import json
from pathlib import Path

import pytest

from .conftest import Start
from .recordings import overlap, sample, text_of, words
from .server import Server

SPEECH = Path(__file__).parents[3] / "shared" / "data" / "speech"

beside_shared = pytest.mark.skipif(not SPEECH.is_dir(), reason="needs ../shared/data beside the checkout")


@pytest.fixture(scope="module")
def server(start_for_module: Start) -> Server:
    return start_for_module(MAX_MODEL="starter")


@pytest.mark.parametrize("name", ["es/pangrama", "fr/pangrama", "it/pangrama", "pt/pangrama", "ja/konnichiwa_sekai"])
def test_speech_comes_out_in_its_own_language(server: Server, name: str) -> None:
    task = server.transcribe(sample(name).read_bytes())
    assert task["source_language"] == name[:2]
    assert overlap(task["transcript"], text_of(name)) >= 0.5, task["transcript"]
    assert (task["target_model_size"], task["used_model_size"]) == ("starter", "base")


@pytest.mark.parametrize(
    ("name", "english"),
    [
        ("es/hola_mundo", {"world"}),
        ("es/conteo", {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}),
        ("fr/bonjour_monde", {"hello", "world"}),
    ],
)
def test_speech_comes_out_in_english_through_translate(server: Server, name: str, english: set[str]) -> None:
    task = server.transcribe(sample(name).read_bytes(), route="translate")
    assert (task["task_type"], task["source_language"]) == ("translate", name[:2])
    assert english <= set(words(task["transcript"])), task["transcript"]


def test_a_language_given_by_its_english_name_is_taken_as_given(server: Server) -> None:
    task = server.transcribe(sample("pt/pangrama").read_bytes(), language="Portuguese")
    assert task["source_language"] == "pt"
    assert overlap(task["transcript"], text_of("pt/pangrama")) >= 0.5, task["transcript"]


@beside_shared
@pytest.mark.parametrize("name", ["de.wav", "es.wav", "fr.wav", "jfk.flac"])
def test_a_recording_of_a_person_comes_out_in_its_own_language(server: Server, name: str) -> None:
    said = json.loads((SPEECH / "references.json").read_text("utf-8"))[name]
    task = server.transcribe((SPEECH / name).read_bytes())
    assert task["source_language"] == said["language"]
    assert overlap(task["transcript"], said["text"]) >= 0.6, task["transcript"]


@beside_shared
@pytest.mark.parametrize(("name", "english"), [("de.wav", {"room"}), ("es.wav", {"white", "medium", "little"})])
def test_a_recording_of_a_person_comes_out_in_english(server: Server, name: str, english: set[str]) -> None:
    task = server.transcribe((SPEECH / name).read_bytes(), route="translate")
    assert english <= set(words(task["transcript"])), task["transcript"]
