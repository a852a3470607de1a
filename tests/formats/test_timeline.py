"""When each part of a text was said."""

from itertools import pairwise

from hypothesis import given

from tests.formats.talks import CHINESE, anything, with_words
from tests.tasks.fakes import segment
from whisper_api.formats.timeline import Timeline
from whisper_api.transcript import Segment, Word


def test_segments_are_joined_as_whisper_writes_them() -> None:
    assert Timeline([segment(" And so,"), segment(" my fellow")]).text == "And so, my fellow"
    assert Timeline([segment("你好"), segment("世界")]).text == "你好世界"


def test_a_space_is_put_where_words_would_run_into_each_other() -> None:
    assert Timeline([segment("Hello."), segment("World"), segment("!")]).text == "Hello. World!"


def test_line_ends_and_control_characters_are_no_text() -> None:
    assert Timeline([segment(" a\r\n\r\nb\tc\u2028d\x00e ")]).text == "a b c de"


def test_within_a_segment_characters_are_said_at_an_even_pace() -> None:
    timeline = Timeline([segment(" abcd", 10, 12), segment(" efgh", 20, 24)])

    assert [timeline.start(place) for place in (0, 1, 2, 5, 7)] == [10, 10.5, 11, 20, 22]
    assert [timeline.stop(place) for place in (1, 4, 7, 9)] == [10.5, 12, 22, 24]
    assert not timeline.has_words


def test_a_segment_is_silent_after_what_nobody_says_so_slowly() -> None:
    timeline = Timeline([segment(" Thank you.", 2, 27), segment(" A talk of twenty one.", 30, 90)])

    assert (timeline.stop(10), timeline.start(11), timeline.stop(32)) == (8, 30, 40.5)


def test_words_have_their_own_times() -> None:
    words = (Word(" One", 1, 2, 0.5), Word(" two.", 7, 8, 0.5))
    timeline = Timeline([Segment(0, 10, " One two.", -0.25, 1.5, 0.125, words=words)])

    assert (timeline.start(0), timeline.stop(3), timeline.start(4), timeline.stop(8)) == (1, 2, 7, 8)
    assert timeline.has_words


def test_a_mark_at_the_end_of_a_word_may_stand_in_the_next_segment() -> None:
    first = Segment(0, 1, " One", -0.25, 1.5, 0.125, words=(Word(" One,", 0, 1, 0.5),))
    second = Segment(1, 2, ", two", -0.25, 1.5, 0.125, words=(Word(" two", 1.5, 2, 0.5),))
    timeline = Timeline([first, second])

    assert timeline.text == "One, two"
    assert [(said.begin, said.end) for said in timeline.said] == [(0, 4), (5, 8)]


def test_words_that_are_not_in_the_text_are_passed_over() -> None:
    words = (Word(" One", 1, 2, 0.5), Word(" nothing", 3, 4, 0.5), Word(" two", 5, 6, 0.5))
    timeline = Timeline([Segment(0, 10, " One two", -0.25, 1.5, 0.125, words=words)])

    assert [(said.begin, said.end) for said in timeline.said] == [(0, 3), (4, 7)]


def test_one_segment_with_words_is_enough_to_have_them() -> None:
    timeline = Timeline([with_words(" And so,", 0, 1), segment(" ...", 1, 2), segment(CHINESE, 2, 5)])

    assert timeline.has_words
    assert [said.is_word for said in timeline.said] == [True, True, False, False]


def test_words_are_lacking_only_where_there_are_letters() -> None:
    assert Timeline([segment(" ...", 1, 2), segment(" ", 2, 5)]).has_words
    assert not Timeline([segment(" ...", 1, 2), segment(" 5", 2, 5)]).has_words


@given(anything())
def test_whatever_times_segments_have_those_of_their_text_ascend(segments: list[Segment]) -> None:
    timeline = Timeline(segments)

    starts = [timeline.start(place) for place in range(len(timeline.text))]
    stops = [timeline.stop(place) for place in range(1, len(timeline.text) + 1)]
    assert starts == sorted(starts)
    assert stops == sorted(stops)
    assert all(start <= stop for start, stop in zip(starts, stops, strict=True))
    assert all(before.stop <= after.start for before, after in pairwise(timeline.said))
