"""What a window may say, whether that can be relied on, and what is tried until something can."""

import math
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from whisper_api.speech.hypothesis import (
    Attempt,
    Hypothesis,
    attempts,
    best_of,
    compression_ratio,
    without_loops,
)

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


def test_above_temperature_zero_texts_are_drawn_from_the_start_and_the_ladder_is_climbed_from_there() -> None:
    first, second, *ladder = attempts(5, whole=False, temperature=0.5)

    assert (first, second) == (Attempt(0.5, 1, whole=False), Attempt(0.5, 1, whole=True))
    assert [attempt.temperature for attempt in ladder] == [0.6, 0.8, 1.0]
    assert attempts(1, whole=True, temperature=1) == (Attempt(1, 1, whole=True),)
