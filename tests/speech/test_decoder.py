"""What the model says."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from ctranslate2 import StorageView
from faster_whisper import WhisperModel

from tests.e2e import recordings
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.decoder import Decoder, fitted
from whisper_api.speech.encoder import Encoded, PlainEncoder
from whisper_api.speech.features import LogMel, stretched
from whisper_api.speech.hypothesis import Attempt
from whisper_api.speech.tokens import CONTEXT, TOKENS_PER_SECOND, Vocabulary

GREEDY = Attempt(0, 1, whole=False)


# ---- windows of another length ---------------------------------------------------------------------------------------


def some_encoded(seconds: float) -> Encoded:
    frames = round(seconds * TOKENS_PER_SECOND)
    return np.random.default_rng(3).standard_normal((1, frames, 4)).astype(np.float32)


@pytest.mark.parametrize("seconds", [6, 6.5, 7, 10, 30])
def test_a_longer_window_goes_on_with_the_silence_of_the_last_second(seconds: float) -> None:
    encoded = some_encoded(6)

    longer = fitted(encoded, seconds)

    assert longer.shape == (1, round(seconds * TOKENS_PER_SECOND), 4)
    assert np.array_equal(longer[:, :300], encoded)
    for place in range(300, longer.shape[1]):
        assert np.array_equal(longer[:, place], longer[:, place - TOKENS_PER_SECOND])


def test_a_shorter_window_is_its_beginning_and_keeps_nothing_of_the_rest() -> None:
    encoded = some_encoded(12)

    shorter = fitted(encoded, 8)

    assert np.array_equal(shorter, encoded[:, : 8 * TOKENS_PER_SECOND])
    assert not np.shares_memory(shorter, encoded)


def test_a_window_of_the_right_length_stays_as_it_is() -> None:
    encoded = some_encoded(10)

    assert fitted(encoded, 10) is encoded


def test_one_window_of_a_batch_keeps_none_of_the_others() -> None:
    batch = np.concatenate([some_encoded(10), some_encoded(10)])

    one = fitted(batch[:1], 10)

    assert np.array_equal(one, batch[:1])
    assert not np.shares_memory(one, batch)


# ---- with a real model ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def decoder(model: WhisperModel, vocabulary: Vocabulary) -> Decoder:
    return Decoder(model.model, vocabulary)


@pytest.fixture(scope="module")
def talk(model: WhisperModel) -> Encoded:
    """Ten seconds of English."""
    samples = recordings.speech(recordings.FOX, recordings.COUNTING, recordings.HELLO, rate=SAMPLE_RATE)
    [encoded] = PlainEncoder(model.model).encode([stretched(LogMel(80)(samples), 10)])
    return encoded


def test_what_is_said_is_heard(decoder: Decoder, vocabulary: Vocabulary, talk: Encoded) -> None:
    [heard] = decoder.decode([talk], [vocabulary.prompt("transcribe", "en")], GREEDY, speech_seconds=10)

    assert recordings.overlap(heard.text, recordings.text_of(recordings.FOX)) > 0.8
    assert heard.text == vocabulary.text(heard.tokens).strip()
    assert heard.is_reliable
    assert not heard.is_silence


def test_the_language_is_heard(decoder: Decoder, talk: Encoded) -> None:
    languages = decoder.detect_language(talk)

    likeliest, probability = next(iter(languages.items()))
    assert likeliest == "en"
    assert 0.5 < probability <= 1
    assert list(languages.values()) == sorted(languages.values(), reverse=True)
    assert sum(languages.values()) == pytest.approx(1, abs=0.01)


def test_among_a_few_languages_each_is_as_likely_as_among_all(decoder: Decoder, talk: Encoded) -> None:
    languages = decoder.detect_language(talk)

    assert decoder.detect_language(talk, among=("fr", "en", "xx")) == {"en": languages["en"], "fr": languages["fr"]}
    assert decoder.detect_language(talk, among=("xx",)) == languages


@pytest.mark.parametrize("previous", [0, 5, 100, 223])
def test_a_text_that_is_longer_than_there_is_room_for_is_known_to_be_broken_off(
    decoder: Decoder, vocabulary: Vocabulary, talk: Encoded, previous: int
) -> None:
    """So that what is missing is not taken for unsaid."""
    before = vocabulary.previous(hotwords="", prompt="so we counted the foxes and the dogs again, " * 40)[:previous]
    prompt = vocabulary.prompt("transcribe", "en", before)

    [whole] = decoder.decode([talk], [prompt], GREEDY, speech_seconds=10)
    [short] = decoder.decode([talk], [prompt], GREEDY, speech_seconds=0)

    assert len(whole.tokens) > 20
    assert whole.ended
    assert len(short.tokens) <= 20
    assert short.tokens == whole.tokens[: len(short.tokens)]
    assert not short.ended
    assert short.is_reliable == (short.until is not None)


def test_a_text_never_needs_more_room_than_the_decoder_has(
    decoder: Decoder, vocabulary: Vocabulary, talk: Encoded
) -> None:
    before = vocabulary.previous(hotwords="", prompt="so we counted the foxes and the dogs again, " * 40)
    prompt = vocabulary.prompt("transcribe", "en", before)

    for attempt in (GREEDY, Attempt(0, 1, whole=True)):
        [heard] = decoder.decode([talk], [prompt], attempt, speech_seconds=30)
        assert len(prompt) + len(heard.tokens) <= CONTEXT


class Endless:
    """Talks for as long as CTranslate2 would let it."""

    def generate(
        self, encoded: StorageView, prompts: list[list[int]], *, max_length: int, **_: Any
    ) -> list[SimpleNamespace]:
        assert len(encoded.shape) == 3
        room = min(max_length // 2, max_length - len(prompts[0]) + 1)
        return [SimpleNamespace(sequences_ids=[[262] * room], scores=[-0.1], no_speech_prob=0.0)]


def test_a_text_never_has_more_tokens_than_can_be_aligned(
    decoder: Decoder, vocabulary: Vocabulary, talk: Encoded
) -> None:
    prompt = vocabulary.prompt("transcribe", "en")

    [heard] = Decoder(cast("Any", Endless()), vocabulary).decode([talk], [prompt], GREEDY, speech_seconds=30)

    assert len(heard.tokens) > 400
    assert not heard.ended
    assert len(decoder.align(talk, prompt, heard.tokens, frames=850).probabilities) == len(heard.tokens)


def test_windows_in_company_are_heard_as_each_alone(decoder: Decoder, vocabulary: Vocabulary, talk: Encoded) -> None:
    prompt = vocabulary.prompt("transcribe", "en")
    quiet = fitted(talk[:, :100], 10)

    [alone] = decoder.decode([talk], [prompt], GREEDY, speech_seconds=10)
    _, in_company = decoder.decode([quiet, talk], [prompt, prompt], GREEDY, speech_seconds=10)

    assert in_company.tokens == alone.tokens
    assert in_company.avg_logprob == pytest.approx(alone.avg_logprob, abs=1e-2)


def test_words_are_found_in_the_window(decoder: Decoder, vocabulary: Vocabulary, talk: Encoded) -> None:
    prompt = vocabulary.prompt("transcribe", "en")
    [heard] = decoder.decode([talk], [prompt], GREEDY, speech_seconds=10)
    text = vocabulary.spoken(heard.tokens)

    alignment = decoder.align(talk, prompt, text, frames=850)

    assert len(alignment.probabilities) == len(text)
    assert alignment.path[0].tolist() == [0, 0]
    assert alignment.path[-1].tolist() == [len(text), 424]
    assert (np.diff(alignment.path, axis=0) >= 0).all()
