"""Speech cut into windows, and the way back from a window's clock to the recording's."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from whisper_api.speech import windows
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.voice import FRAME, Sound
from whisper_api.speech.windows import LONGEST_SECONDS, Span, Window, cut

Probabilities = NDArray[np.float32]

SPEECH, UNSURE, SILENCE = "speech", "unsure", "silence"
LIKELY = {SPEECH: (0.3, 1.0), UNSURE: (0.15, 0.29), SILENCE: (0.0, 0.14)}
PADDING = windows._PADDING
EDGE = FRAME / SAMPLE_RATE
"""How far a time may be from where it should be, in seconds: speech is told frame by frame."""


def frames(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE / FRAME)


def said(*parts: tuple[float, float]) -> Probabilities:
    """Frames of so many seconds each with such a probability: ``said((2, 1), (0.5, 0))``."""
    return np.concatenate([np.full(frames(seconds), speech, np.float32) for seconds, speech in parts])


def recorded(speech: Probabilities, *, missing: int = 0, pieces: Sequence[int] = ()) -> Iterator[Sound]:
    """A recording each of whose samples is its own place in it.

    It comes in pieces of so many frames, over and over, or in one; ``missing`` samples are cut off its last frame.
    """
    samples = np.arange(len(speech) * FRAME - missing, dtype=np.float32)
    start, turn = 0, 0
    while start < len(speech):
        end = start + (pieces[turn % len(pieces)] if pieces else len(speech))
        yield Sound(samples[start * FRAME : end * FRAME], speech[start:end])
        start, turn = end, turn + 1


def windows_of(
    speech: Probabilities, *, missing: int = 0, pieces: Sequence[int] = (), longest: float = LONGEST_SECONDS
) -> list[Window]:
    return list(filter(None, cut(recorded(speech, missing=missing, pieces=pieces), longest_seconds=longest)))


def joints(window: Window) -> list[tuple[int, Span, Span]]:
    """Where pauses were left out of a window: each as a place in it and the spans on both sides."""
    ends = accumulate(span.samples for span in window.spans)
    return [(end, earlier, later) for end, (earlier, later) in zip(ends, pairwise(window.spans), strict=False)]


def near_a_joint(window: Window, place: int) -> bool:
    return any(abs(place - joint) <= PADDING for joint, *_ in joints(window))


def seconds_of(window: Window) -> list[tuple[float, float]]:
    return [(span.start / SAMPLE_RATE, span.end / SAMPLE_RATE) for span in window.spans]


@st.composite
def speeches(draw: st.DrawFn) -> Probabilities:
    """Somebody speaks, pauses, mumbles and clicks, for up to two minutes."""
    kinds = st.sampled_from((SPEECH, SPEECH, SILENCE, SILENCE, UNSURE))
    lengths = st.one_of(st.integers(1, 8), st.integers(1, 60), st.integers(100, 400))
    runs = draw(st.lists(st.tuples(kinds, lengths), min_size=1, max_size=20))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return np.concatenate([numbers.uniform(*LIKELY[kind], length) for kind, length in runs]).astype(np.float32)


missing_samples = st.integers(0, FRAME - 1)
limits = st.sampled_from((3.0, 8.0, 20.0, 28.0, 30.0))
piece_lengths = st.lists(st.integers(1, 1000), min_size=1, max_size=5).filter(lambda lengths: sum(lengths) > 99)
few = settings(max_examples=40)


@few
@given(speeches(), missing_samples, limits)
def test_no_window_is_longer_than_the_limit(speech: Probabilities, missing: int, longest: float) -> None:
    for window in windows_of(speech, missing=missing, longest=longest):
        assert 0 < window.seconds <= longest


@few
@given(speeches(), missing_samples, limits)
def test_spans_are_in_order_and_apart_within_the_recording(speech: Probabilities, missing: int, longest: float) -> None:
    spans = [span for window in windows_of(speech, missing=missing, longest=longest) for span in window.spans]

    assert all(span.start < span.end for span in spans)
    assert all(earlier.end <= later.start for earlier, later in pairwise(spans))
    if spans:
        assert spans[0].start >= 0
        assert spans[-1].end <= len(speech) * FRAME - missing


@few
@given(speeches(), missing_samples, limits)
def test_a_window_holds_the_samples_of_its_spans(speech: Probabilities, missing: int, longest: float) -> None:
    for window in windows_of(speech, missing=missing, longest=longest):
        places = np.concatenate([np.arange(span.start, span.end) for span in window.spans])
        assert np.array_equal(window.samples, places)
        assert sum(span.samples for span in window.spans) == len(window.samples)


@few
@given(speeches(), missing_samples, limits)
def test_whatever_is_said_is_in_just_one_window(speech: Probabilities, missing: int, longest: float) -> None:
    held = np.zeros(len(speech) * FRAME, int)
    for window in windows_of(speech, missing=missing, longest=longest):
        for span in window.spans:
            held[span.start : span.end] += 1
    held = held[: len(held) - missing]

    assert held.max(initial=0) <= 1
    is_speech = np.concatenate(([False], speech >= 0.3, [False]))
    borders = np.flatnonzero(np.diff(is_speech.astype(int)))
    for begin, end in borders.reshape(-1, 2).tolist():
        if end - begin >= 3 and speech[begin:end].sum() >= 1.5:
            assert held[begin * FRAME : end * FRAME].all()


@few
@given(speeches(), missing_samples, limits, piece_lengths)
def test_it_does_not_matter_in_which_pieces_a_recording_comes(
    speech: Probabilities, missing: int, longest: float, pieces: list[int]
) -> None:
    whole = windows_of(speech, missing=missing, longest=longest)
    in_pieces = windows_of(speech, missing=missing, longest=longest, pieces=pieces)

    assert [window.spans for window in in_pieces] == [window.spans for window in whole]
    assert all(np.array_equal(one.samples, other.samples) for one, other in zip(in_pieces, whole, strict=True))


@few
@given(speeches(), limits, st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=20))
def test_what_touches_no_pause_that_was_left_out_was_recorded_when_it_is_heard(
    speech: Probabilities, longest: float, shares: list[tuple[float, float]]
) -> None:
    for window in windows_of(speech, longest=longest):
        length = len(window.samples)
        for place in ((0, 1), (length - 1, length), *((int(a * length), int(b * length)) for a, b in shares)):
            begin, end = min(place), max(place)
            if begin < end and not near_a_joint(window, begin) and not near_a_joint(window, end):
                start, stop = window.recorded(begin / SAMPLE_RATE, end / SAMPLE_RATE)
                assert start * SAMPLE_RATE == pytest.approx(window.samples[begin])
                assert stop * SAMPLE_RATE == pytest.approx(window.samples[end - 1] + 1)


@few
@given(speeches(), limits, st.lists(st.tuples(st.floats(-1, 40), st.floats(-1, 40)), min_size=1, max_size=20))
def test_times_run_forwards_within_the_recording(
    speech: Probabilities, longest: float, times: list[tuple[float, float]]
) -> None:
    for window in windows_of(speech, longest=longest):
        for time in times:
            start, end = window.recorded(min(time), max(time))
            assert window.spans[0].start / SAMPLE_RATE <= start <= end <= window.end


@few
@given(speeches(), limits, st.integers(1, PADDING), st.integers(1, PADDING))
def test_what_reaches_into_a_pause_that_was_left_out_is_put_to_the_side_of_most_of_it(
    speech: Probabilities, longest: float, before: int, after: int
) -> None:
    for window in windows_of(speech, longest=longest):
        for joint, earlier, later in joints(window):
            start, end = window.recorded((joint - before) / SAMPLE_RATE, (joint + after) / SAMPLE_RATE)
            if before <= after:
                assert start * SAMPLE_RATE == pytest.approx(later.start)
                assert end * SAMPLE_RATE == pytest.approx(later.start + after)
            else:
                assert start * SAMPLE_RATE == pytest.approx(earlier.end - before)
                assert end * SAMPLE_RATE == pytest.approx(earlier.end)


@few
@given(speeches(), limits, st.integers(1, PADDING))
def test_a_sentence_that_reaches_into_a_pause_that_was_left_out_does_not_take_all_of_it(
    speech: Probabilities, longest: float, reach: int
) -> None:
    for window in windows_of(speech, longest=longest):
        for joint, earlier, later in joints(window):
            start, _ = window.recorded((joint - reach) / SAMPLE_RATE, (joint + PADDING + 1) / SAMPLE_RATE)
            _, end = window.recorded((joint - PADDING - 1) / SAMPLE_RATE, (joint + reach) / SAMPLE_RATE)
            assert start * SAMPLE_RATE == pytest.approx(later.start)
            assert end * SAMPLE_RATE == pytest.approx(earlier.end)


@few
@given(speeches(), limits)
def test_what_is_said_before_a_pause_that_was_left_out_stays_there(speech: Probabilities, longest: float) -> None:
    """Also where only the last word of it was not told from silence."""
    for window in windows_of(speech, longest=longest):
        for joint, earlier, later in joints(window):
            start, end = window.recorded((joint - PADDING / 2) / SAMPLE_RATE, joint / SAMPLE_RATE)
            assert (start * SAMPLE_RATE, end * SAMPLE_RATE) == pytest.approx((earlier.end - PADDING / 2, earlier.end))
            start, end = window.recorded(joint / SAMPLE_RATE, (joint + PADDING / 2) / SAMPLE_RATE)
            assert (start * SAMPLE_RATE, end * SAMPLE_RATE) == pytest.approx((later.start, later.start + PADDING / 2))


@few
@given(speeches(), limits)
def test_the_halves_of_a_window_are_all_of_it_cut_where_nobody_speaks(speech: Probabilities, longest: float) -> None:
    for window in windows_of(speech, longest=longest):
        assert list(window.pauses) == sorted(set(window.pauses))
        assert all(0 < pause < len(window.samples) for pause in window.pauses)
        if (halves := window.halves()) is None:
            continue
        first, second = halves
        joint = len(first.samples)
        assert min(first.seconds, second.seconds) >= 1
        assert np.array_equal(np.concatenate([first.samples, second.samples]), window.samples)
        assert sum(span.samples for span in (*first.spans, *second.spans)) == len(window.samples)
        assert (first.start, second.end) == (window.start, window.end)
        assert first.end <= second.start
        assert (*first.pauses, joint, *(joint + pause for pause in second.pauses)) == window.pauses
        assert window.recorded(joint / SAMPLE_RATE, window.seconds) == pytest.approx((second.start, second.end))


@few
@given(speeches(), limits, st.floats(0, 1))
def test_what_is_left_of_a_window_keeps_the_clock_of_the_recording(
    speech: Probabilities, longest: float, share: float
) -> None:
    for window in windows_of(speech, longest=longest):
        place = int(share * len(window.samples))
        rest = window.after(place / SAMPLE_RATE)

        assert np.array_equal(rest.samples, window.samples[place:])
        assert sum(span.samples for span in rest.spans) == len(rest.samples)
        assert rest.spans[-1].end == window.spans[-1].end
        for later in range(1, len(rest.samples), 7919):
            whole = window.recorded((place + later) / SAMPLE_RATE, window.seconds)
            assert rest.recorded(later / SAMPLE_RATE, rest.seconds) == pytest.approx(whole)


FOREVER = {
    "speech without an end": said((60, 0.9)),
    "silence": said((60, 0)),
    "clicks": said((0.06, 0.9), (1, 0)),
    "nothing that is surely speech, after some that was": said((0.5, 0.9), (60, 0.2)),
    "talks and long pauses": said((25, 0.9), (45, 0)),
    "short calls": said((3 * EDGE, 0.9), (3.9, 0)),
}


@pytest.mark.parametrize("seconds", [5, 30])
@pytest.mark.parametrize("speech", FOREVER.values(), ids=FOREVER)
def test_what_is_held_of_a_recording_does_not_grow_with_it(
    speech: Probabilities, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0

    class Watched(windows._Tape):
        def append(self, samples: NDArray[np.float32]) -> None:
            nonlocal most
            super().append(samples)
            most = max(most, len(self._samples))

    monkeypatch.setattr(windows, "_Tape", Watched)
    hours = np.resize(speech, frames(3600))
    length = frames(seconds)
    silence = np.zeros(length * FRAME, np.float32)
    pieces = (hours[start : start + length] for start in range(0, len(hours), length))

    for window in filter(None, cut(Sound(silence[: len(piece) * FRAME], piece) for piece in pieces)):
        assert window.seconds <= LONGEST_SECONDS

    assert most <= (seconds + 150) * SAMPLE_RATE


# ---- by hand -------------------------------------------------------------------------------------------------------


def test_silence_gives_no_window() -> None:
    assert windows_of(said((60, 0))) == []


def test_a_recording_without_a_sample_gives_no_window() -> None:
    assert list(cut(iter(()))) == []


def test_what_is_short_and_unsure_is_no_speech() -> None:
    assert windows_of(said((1, 0), (0.13, 0.35), (1, 0))) == []
    assert windows_of(said((1, 0), (0.5, 0.35), (1, 0))) != []


def test_clicks_are_no_speech() -> None:
    assert windows_of(said((1, 0), (2 * EDGE, 0.9), (1, 0), (2 * EDGE, 0.9), (1, 0))) == []


def test_what_is_shorter_than_a_word_but_longer_than_a_click_is_speech() -> None:
    [window] = windows_of(said((1, 0), (3 * EDGE, 0.9), (1, 0)))

    assert seconds_of(window) == [pytest.approx((0.6, 1.5), abs=EDGE)]


def test_a_window_begins_a_little_before_the_speech_and_ends_a_little_after_it() -> None:
    [window] = windows_of(said((2, 0), (3, 0.9), (2, 0)))

    assert seconds_of(window) == [pytest.approx((1.6, 5.4), abs=EDGE)]


def test_speech_at_the_very_start_and_end_is_kept_from_the_first_sample_to_the_last() -> None:
    [window] = windows_of(said((3, 0.9)), missing=100)

    assert window.spans == (Span(0, frames(3) * FRAME - 100),)


def test_speech_soon_after_the_start_is_kept_from_the_first_sample_on() -> None:
    """The beginning of a word is told from its second or third frame on."""
    [window] = windows_of(said((0.3, 0), (3, 0.9), (2, 0)))

    assert window.spans[0].start == 0


def test_a_pause_for_breath_is_kept() -> None:
    [window] = windows_of(said((3, 0.9), (0.9, 0), (3, 0.9)))

    assert seconds_of(window) == [pytest.approx((0, 6.9), abs=EDGE)]


def test_of_a_long_pause_only_its_ends_are_kept() -> None:
    [window] = windows_of(said((3, 0.9), (3, 0), (3, 0.9)))

    assert seconds_of(window) == [pytest.approx((0, 3.4), abs=EDGE), pytest.approx((5.6, 9), abs=EDGE)]


def test_after_a_long_silence_a_new_window_begins() -> None:
    first, second = windows_of(said((3, 0.9), (5, 0), (3, 0.9)))

    assert seconds_of(first) == [pytest.approx((0, 3.4), abs=EDGE)]
    assert seconds_of(second) == [pytest.approx((7.6, 11), abs=EDGE)]


def test_a_window_is_cut_at_the_longest_pause_of_its_last_third() -> None:
    before = (2, 0.9), (5, 0)
    talk = said(*before, (8, 0.9), (0.9, 0), (13, 0.9), (0.5, 0), (3, 0.9), (0.3, 0), (3, 0.9), (0.4, 0), (5, 0.9))

    _, second, third = windows_of(talk)

    assert second.spans[-1].end / SAMPLE_RATE == pytest.approx(7 + 8 + 0.9 + 13 + 0.25, abs=EDGE)
    assert third.spans[0].start == second.spans[-1].end


def test_the_first_window_of_a_long_recording_is_short() -> None:
    first, second = windows_of(said((3, 0.9), (0.5, 0), (5, 0.9), (0.9, 0), (4, 0.9), (0.3, 0), (20, 0.9)))

    assert first.seconds == pytest.approx(3 + 0.5 + 5 + 0.4, abs=2 * EDGE)
    assert second.spans[0].start / SAMPLE_RATE == pytest.approx(3 + 0.5 + 5 + 0.9 - 0.4, abs=2 * EDGE)


def test_the_first_window_does_not_end_in_the_middle_of_a_sentence_for_being_short() -> None:
    first, _ = windows_of(said((8, 0.9), (0.4, 0), (14, 0.9), (0.3, 0), (20, 0.9)))

    assert first.seconds > 20


def test_a_recording_of_one_window_is_not_cut_for_the_sake_of_its_first_words() -> None:
    (window,) = windows_of(said((3, 0.9), (0.5, 0), (5, 0.9), (0.9, 0), (15, 0.9)))

    assert window.seconds == pytest.approx(24.4, abs=2 * EDGE)


def test_of_two_pauses_of_one_length_the_later_is_taken() -> None:
    first, _ = windows_of(said((22, 0.9), (0.32, 0), (3, 0.9), (0.32, 0), (10, 0.9)))

    assert first.seconds == pytest.approx(25.5, abs=2 * EDGE)


def test_whoever_speaks_on_and_on_is_cut_off_where_speech_is_least_likely() -> None:
    talk = said((10, 0.9), (0.1, 0.6), (14, 0.9), (0.1, 0.7), (20, 0.9))

    first, second = windows_of(talk)

    assert first.spans == (Span(0, first.spans[0].end),)
    assert first.seconds == pytest.approx(24.1, abs=2 * EDGE)
    assert second.spans == (Span(first.spans[0].end, len(talk) * FRAME),)


def test_a_pause_that_is_less_than_certain_does_not_end_an_utterance() -> None:
    """What follows a forced cut at once belongs to it."""
    talk = said((29, 0.9), (4, 0.4), (2, 0.9))

    spans = [span for window in windows_of(talk) for span in window.spans]

    assert (spans[0].start, spans[-1].end) == (0, len(talk) * FRAME)
    assert all(earlier.end == later.start for earlier, later in pairwise(spans))


def test_a_window_is_given_out_as_soon_as_it_is_complete() -> None:
    def talk() -> Iterator[Sound]:
        yield from recorded(said((16, 0.9), (1, 0), (11, 0.9), (1, 0), (3, 0.9), (0.5, 0)))
        raise AssertionError("more was asked for than the window needs")

    assert next(filter(None, cut(talk()))).seconds == pytest.approx(28.4, abs=2 * EDGE)


def test_a_window_does_not_wait_for_the_next_speech() -> None:
    def talk() -> Iterator[Sound]:
        yield from recorded(said((2, 0.9), (5, 0)))
        raise AssertionError("more was asked for than the window needs")

    assert next(filter(None, cut(talk()))).seconds == pytest.approx(2.4, abs=EDGE)


def test_who_waits_for_a_window_can_do_something_else_after_each_sound() -> None:
    pieces = [said((2, 0.9)), said((6, 0)), said((2, 0.9))]

    heard = cut(recorded(np.concatenate(pieces), pieces=[len(piece) for piece in pieces]))

    assert [window is not None for window in heard] == [False, True, False, False, True]
