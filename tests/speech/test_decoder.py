"""What the model says, and whether it can be relied on."""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from hypothesis import example, given
from hypothesis import strategies as st

from tests.e2e import recordings
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.decoder import (
    Attempt,
    Decoder,
    Hypothesis,
    attempts,
    best_of,
    compression_ratio,
    fitted,
    without_loops,
)
from whisper_api.speech.encoder import Encoded, PlainEncoder
from whisper_api.speech.features import LogMel, stretched
from whisper_api.speech.tokens import CONTEXT, TOKENS_PER_SECOND, Vocabulary

GOOD = Hypothesis(
    tokens=(1, 2, 3),
    text="One two three.",
    avg_logprob=-0.2,
    compression_ratio=1.1,
    no_speech_prob=0.01,
    ended=True,
    seconds=10,
)
GREEDY = Attempt(0, 1, whole=False)


# ---- what repeats --------------------------------------------------------------------------------------------------


def test_text_that_goes_round_in_a_loop_gets_much_smaller() -> None:
    assert compression_ratio("and then we went home " * 20) > 2.4
    assert compression_ratio("The quick brown fox jumps over the lazy dog.") < 2.4


def test_no_text_has_no_ratio() -> None:
    assert compression_ratio("") == 0


@given(st.text())
def test_every_text_has_a_ratio(text: str) -> None:
    assert math.isfinite(compression_ratio(text))


few_tokens = st.lists(st.integers(0, 3), max_size=40)
loops = st.lists(st.tuples(st.lists(st.integers(0, 2), min_size=1, max_size=4), st.integers(1, 9)), max_size=8).map(
    lambda parts: [token for phrase, times in parts for token in phrase * times]
)
token_lists = st.one_of(few_tokens, loops, st.lists(st.integers(0, 50_000), max_size=100))


@given(token_lists)
@example(([1] * 5 + [2]) * 5)
def test_to_take_loops_out_twice_is_to_take_them_out_once(tokens: list[int]) -> None:
    once = without_loops(tokens)

    assert without_loops(once) == once
    assert len(once) <= len(tokens)
    assert set(once) == set(tokens)
    assert once[:1] == tuple(tokens[:1])


@given(st.lists(st.integers(0, 50_000), unique=True, max_size=100), st.integers(1, 4))
def test_text_without_loops_is_left_as_it_is(tokens: list[int], times: int) -> None:
    assert without_loops(tokens * times) == tuple(tokens * times)


@given(
    st.lists(st.integers(10, 50_000), unique=True, min_size=1, max_size=16),
    st.integers(5, 30),
    st.lists(st.integers(0, 9), unique=True),
)
def test_a_phrase_that_is_said_five_times_or_more_is_said_once(phrase: list[int], times: int, rest: list[int]) -> None:
    assert without_loops([*rest, *phrase * times, *rest]) == (*rest, *phrase, *rest)


def test_a_phrase_that_is_said_four_times_is_meant() -> None:
    assert without_loops([7, 8] * 4) == (7, 8) * 4


def test_a_phrase_of_more_than_sixteen_tokens_is_no_loop() -> None:
    assert without_loops(list(range(17)) * 6) == tuple(range(17)) * 6


# ---- what can be relied on -----------------------------------------------------------------------------------------


def test_a_likely_text_that_ends_can_be_relied_on() -> None:
    assert GOOD.is_reliable
    assert not GOOD.is_silence


def test_what_is_just_likely_enough_is_relied_on_and_what_is_less_is_not() -> None:
    assert replace(GOOD, avg_logprob=-1.0).is_reliable
    assert not replace(GOOD, avg_logprob=-1.001).is_reliable


def test_what_just_does_not_repeat_too_much_is_relied_on_and_what_does_is_not() -> None:
    assert replace(GOOD, compression_ratio=2.4).is_reliable
    assert not replace(GOOD, compression_ratio=2.401).is_reliable


def test_what_was_broken_off_is_not_relied_on() -> None:
    assert not replace(GOOD, ended=False).is_reliable


def test_what_goes_round_in_a_loop_is_not_relied_on_however_short_it_is() -> None:
    assert replace(GOOD, tokens=(5,) * 4).is_reliable
    assert not replace(GOOD, tokens=(5,) * 5).is_reliable


def test_only_what_is_unlikely_and_sounds_like_silence_is_silence() -> None:
    assert replace(GOOD, no_speech_prob=0.61, avg_logprob=-1.001).is_silence
    assert not replace(GOOD, no_speech_prob=0.6, avg_logprob=-1.001).is_silence
    assert not replace(GOOD, no_speech_prob=0.61, avg_logprob=-1.0).is_silence


def test_of_those_rejected_the_likeliest_that_does_not_repeat_is_the_best() -> None:
    looping = replace(GOOD, avg_logprob=-0.1, compression_ratio=9)
    likely = replace(GOOD, avg_logprob=-1.2)
    unlikely = replace(GOOD, avg_logprob=-2)

    assert best_of([unlikely, looping, likely]) is likely


def test_where_all_repeat_the_likeliest_is_the_best() -> None:
    one, other = (replace(GOOD, avg_logprob=logprob, compression_ratio=9) for logprob in (-0.5, -0.1))

    assert best_of([one, other]) is other


def test_attempts_are_whispers_own_ladder_after_two_over_the_short_window() -> None:
    first, second, *ladder = attempts(1, whole=False)

    assert first == GREEDY
    assert second == Attempt(0, 5, whole=False)
    assert [attempt.temperature for attempt in ladder] == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert all(attempt.whole for attempt in ladder)
    assert ladder[0].beam_size == 5
    assert {attempt.beam_size for attempt in ladder[1:]} == {1}


def test_whoever_asks_for_a_beam_gets_it_at_once_and_never_a_smaller_one_later() -> None:
    assert attempts(8, whole=False)[:2] == (Attempt(0, 8, whole=False), Attempt(0, 8, whole=True))
    assert [attempt.beam_size for attempt in attempts(3, whole=False)[:3]] == [3, 5, 5]


def test_nothing_is_tried_twice_over_a_window_that_is_full() -> None:
    tries = attempts(1, whole=True)

    assert all(attempt.whole for attempt in tries)
    assert len(set(tries)) == len(tries) == len(attempts(1, whole=False)) - 1


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


def test_above_temperature_zero_texts_are_drawn_from_the_start_and_the_ladder_is_climbed_from_there() -> None:
    first, second, *ladder = attempts(5, whole=False, temperature=0.5)

    assert (first, second) == (Attempt(0.5, 1, whole=False), Attempt(0.5, 1, whole=True))
    assert [attempt.temperature for attempt in ladder] == [0.6, 0.8, 1.0]
    assert attempts(1, whole=True, temperature=1) == (Attempt(1, 1, whole=True),)
