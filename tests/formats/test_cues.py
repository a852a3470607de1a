"""Subtitles that can be read."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.talks import CHINESE, GERMAN, HEBREW, JAPANESE, KENNEDY, LANGUAGES, anything, with_words
from tests.tasks.fakes import segment
from whisper_api.formats.columns import columns
from whisper_api.formats.cues import Cue, WordsUnknown, cues
from whisper_api.formats.customs import reading_seconds
from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.formats.pieces import pieces
from whisper_api.formats.timeline import Timeline
from whisper_api.transcript import Segment, Word

layouts = st.builds(
    Layout, max_line_width=st.none() | st.integers(1, 60) | st.just(1000), max_line_count=st.none() | st.integers(1, 4)
)


def letters(text: str) -> str:
    return "".join(text.split())


def lines(*segments: Segment, layout: Layout = AS_USUAL) -> list[tuple[str, ...]]:
    return [cue.lines for cue in cues(segments, layout)]


def test_a_short_sentence_is_one_cue() -> None:
    assert cues([segment(" Ask not.", 2, 4)]) == [Cue(2, 4, ("Ask not.",))]


def test_nothing_said_is_no_cue() -> None:
    assert cues([]) == []
    assert cues([segment("", 0, 1), segment(" \n", 1, 2)]) == []


def test_segments_that_belong_together_share_a_cue_and_a_pause_parts_them() -> None:
    assert cues([segment(*said) for said in KENNEDY]) == [
        Cue(0, 4.2, ("And so, my fellow Americans,",)),
        Cue(5.4, 11, ("ask not what your country can do for you,", "ask what you can do for your country.")),
    ]


def test_cues_end_with_sentences_and_lines_before_phrases() -> None:
    said = (
        " So when Dr. Smith, who had been at the hospital since 6 a.m., came home on the 3. of May he found that the"
        " door was open, the lights were on and nobody was there. He called out. No answer!"
    )

    assert lines(segment(said, 0, 14)) == [
        ("So when Dr. Smith, who had been", "at the hospital since 6 a.m.,"),
        ("came home on the 3. of May he found", "that the door was open,"),
        ("the lights were on and nobody was there.", "He called out. No answer!"),
    ]


def test_where_whisper_ends_a_segment_a_cue_rather_ends() -> None:
    talk = [
        segment(" a talk of somebody in the city of London", 0, 3),
        segment(" we now want to hear about the weather", 3, 6),
    ]

    assert lines(*talk, layout=Layout(30)) == [
        ("a talk of somebody", "in the city of London"),
        ("we now want to hear", "about the weather"),
    ]


def test_each_who_speaks_has_a_line_of_his_own() -> None:
    assert lines(segment(" - I'm fine, thanks. - Great!", 0, 3)) == [("- I'm fine, thanks.", "- Great!")]
    assert lines(segment(" - I'm fine. - Oh. - Great!", 0, 3), layout=Layout(max_line_count=3)) == [
        ("- I'm fine.", "- Oh.", "- Great!")
    ]


def test_those_who_speak_share_lines_if_there_are_too_few() -> None:
    assert lines(segment(" - Hi. - Oh. - How are you? - Fine.", 0, 4)) == [("- Hi. - Oh. - How are you? - Fine.",)]
    assert lines(segment(" - Hi. - Oh.", 0, 4), layout=Layout(max_line_count=1)) == [("- Hi. - Oh.",)]


def test_german_is_broken_where_a_reader_breathes() -> None:
    assert lines(segment(GERMAN, 0, 8)) == [
        ("Meine Damen und Herren, ich freue mich,",),
        ("dass Sie so zahlreich erschienen sind,", "um z.B. Dr. Groß zu hören."),
    ]


def test_wide_characters_count_twice_and_phrases_are_kept() -> None:
    assert lines(segment(JAPANESE, 0, 9)) == [
        ("今日は音声認識の仕組みについて", "簡単に説明したいと思います。"),
        ("「たとえば」、Pythonで", "書いたプログラムを使います。"),
    ]


def test_chinese_marks_stay_with_what_they_close_or_open() -> None:
    for width in range(4, 42):
        for line in (line for shown in lines(segment(CHINESE, 0, 9), layout=Layout(width)) for line in shown):
            assert line[0] not in "：，！”）。"
            assert line[-1] not in "“（"


def test_hebrew_is_written_in_the_order_in_which_it_is_read() -> None:
    assert lines(segment(HEBREW, 0, 9))[0][0].startswith("שלום לכולם")


def test_a_word_that_is_wider_than_a_line_stays_whole() -> None:
    said = lines(segment(" die Donaudampfschifffahrtsgesellschaft fährt", 0, 5), layout=Layout(10, 1))

    assert said == [("die",), ("Donaudampfschifffahrtsgesellschaft",), ("fährt",)]


def test_a_layout_may_allow_more() -> None:
    text = " ".join(["word"] * 12)

    assert lines(segment(text, 0, 5), layout=Layout(max_line_width=100, max_line_count=1)) == [(text,)]
    assert len(lines(segment(text, 0, 5), layout=Layout(max_line_width=15, max_line_count=4))[0]) == 4


def test_a_cue_stays_long_enough_to_be_read_where_a_pause_follows() -> None:
    short, long, next_one = cues(
        [
            segment(" Yes.", 0, 0.2),
            segment(" " + "A sentence of fifty columns is read in three s.", 10, 10.5),
            segment(" No", 20, 21),
        ]
    )

    assert short.end == pytest.approx(5 / 6)
    assert long.end == pytest.approx(10 + 47 / 17)
    assert next_one.start == 20


def test_a_cue_never_stays_when_the_next_one_comes() -> None:
    first, second = cues(
        [
            segment(" " + "A sentence that is said in no time at all, a very long one.", 0, 1),
            segment(" " + "Then comes another one, which is as long as the first.", 1.4, 5),
        ]
    )

    assert (first.end, second.start) == (1.4, 1.4)


def test_the_screen_does_not_flicker_between_two_cues() -> None:
    first, second = cues(
        [
            segment(" One sentence is here, and it takes its time.", 0, 5),
            segment(" Another one is here, and it takes its time too.", 5.1, 10),
        ]
    )

    assert first.end == second.start == 5.1


def test_what_is_said_after_a_long_silence_is_not_shown_before_it() -> None:
    talk = [segment(" Thank you.", 2, 27), segment(" Bye.", 27.5, 29)]

    assert cues(talk) == [Cue(2, 8, ("Thank you.",)), Cue(27.5, 29, ("Bye.",))]


def test_a_cue_ends_though_its_last_word_is_said_to_go_on() -> None:
    words = (Word(" Thank", 2, 2.3, 1), Word(" you.", 2.3, 27, 1))
    talk = [Segment(2, 27, " Thank you.", 0, 1, 0, words=words), segment(" Bye.", 27.5, 29)]

    assert cues(talk) == [Cue(2, 9, ("Thank you.",)), Cue(27.5, 29, ("Bye.",))]
    assert cues(talk[:1], Layout(highlight_words=True))[-1] == Cue(2.3, 9, ("Thank you.",), ((6, 10),))


def test_words_that_are_said_slowly_are_shown_a_few_at_a_time() -> None:
    shown = cues([with_words(" This is a very slow speaker.", 0, 20)])

    assert [cue.lines for cue in shown] == [("This is",), ("a very slow",), ("speaker.",)]


def test_no_layout_shows_words_that_are_not_said_for_long() -> None:
    shown = cues([segment(" word" * 100, 0, 50)], Layout(1000, 10))

    assert max(cue.end - cue.start for cue in shown) <= 7


def test_a_long_text_that_is_said_in_no_time_stays_until_it_is_read() -> None:
    (cue,) = cues([segment(" word" * 40, 0, 1)], Layout(1000))

    assert cue.end == pytest.approx(199 / 17)


def test_what_nobody_says_in_the_time_of_a_screen_is_not_on_one() -> None:
    shown = cues([segment(" word" * 1000, 0, 1)], Layout(1000, 10))

    assert max(len(cue.lines[0]) for cue in shown) <= 300
    assert " ".join(line for cue in shown for line in cue.lines).split() == ["word"] * 1000


def test_segments_without_a_duration_are_shown_in_their_order() -> None:
    shown = cues(
        [segment(f" Sentence number {number} is here and it is long enough for one cue.", 3, 3) for number in range(9)]
    )

    assert [cue.lines[0].split()[2] for cue in shown] == [str(number) for number in range(9)]
    assert all(cue.end > cue.start for cue in shown)


def test_words_say_exactly_when_a_cue_begins() -> None:
    spoken = with_words(
        " One. Two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen.", 0, 9
    )
    late = Segment(
        0,
        20,
        spoken.text,
        0,
        1,
        0,
        words=tuple(spoken.words[:1])
        + tuple(type(word)(word.text, word.start + 8, word.end + 8, 1) for word in spoken.words[1:]),
    )

    first, second, *_ = cues([late])

    assert first.lines == ("One.",)
    assert second.start == late.words[1].start


def test_a_thousand_words_in_one_segment_become_many_cues() -> None:
    shown = cues([segment(" ".join(f"word{number}" for number in range(1000)), 0, 400)])

    assert len(shown) > 80
    assert max(cue.end - cue.start for cue in shown) < 8


@given(anything(), layouts)
def test_every_letter_is_shown_once_and_in_order(segments: list[Segment], layout: Layout) -> None:
    shown = cues(segments, layout)

    assert letters("".join(line for cue in shown for line in cue.lines)) == letters(Timeline(segments).text)


@given(st.lists(st.text("abcäöü,.!?", min_size=1, max_size=10), min_size=1, max_size=200), layouts)
def test_words_of_a_script_with_spaces_are_never_cut(words: list[str], layout: Layout) -> None:
    shown = cues([segment(" ".join(words), 0, len(words) / 3)], layout)

    assert [word for cue in shown for line in cue.lines for word in line.split()] == words


@given(anything(), layouts)
def test_cues_come_one_after_another_and_none_is_empty(segments: list[Segment], layout: Layout) -> None:
    shown = cues(segments, layout)

    assert all(cue.start < cue.end for cue in shown)
    assert all(before.end <= after.start for before, after in pairwise(shown))
    assert all(cue.lines and all(line.strip() for line in cue.lines) for cue in shown)


@given(anything(), layouts)
def test_no_cue_is_looked_at_for_longer_than_it_is_read(segments: list[Segment], layout: Layout) -> None:
    for cue in cues(segments, layout):
        assert cue.end - cue.start <= max(7, reading_seconds(" ".join(cue.lines))) + 0.2 + 0.001


@given(anything(), layouts)
def test_no_cue_is_larger_than_its_layout(segments: list[Segment], layout: Layout) -> None:
    for cue in cues(segments, layout):
        assert len(cue.lines) <= (layout.max_line_count or 2)
        for line in cue.lines:
            assert columns(line) <= (layout.max_line_width or 42) or len(pieces(line)) == 1


@given(st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=4), layouts)
def test_words_are_highlighted_one_after_another_in_the_same_cues(texts: list[str], layout: Layout) -> None:
    talk = [with_words(text, 10 * number, 10 * number + 9) for number, text in enumerate(texts)]
    highlighted = cues(talk, Layout(layout.max_line_width, layout.max_line_count, highlight_words=True))
    plain = cues(talk, layout)

    assert all(before.end <= after.start for before, after in pairwise(highlighted))
    assert list(dict.fromkeys((cue.lines) for cue in highlighted)) == list(dict.fromkeys(cue.lines for cue in plain))
    assert [highlighted[0].start, highlighted[-1].end] == [plain[0].start, plain[-1].end]


def test_each_word_is_highlighted_while_it_is_said() -> None:
    talk = with_words(" And so, my", 1, 5)

    assert cues([talk], Layout(highlight_words=True)) == [
        Cue(word.start, word.end, ("And so, my",), (place,))
        for word, place in zip(talk.words, [(0, 3), (4, 7), (8, 10)], strict=True)
    ]


def test_between_words_nothing_is_highlighted() -> None:
    talk = with_words(" And so", 1, 2)
    first, second = talk.words
    later = Segment(1, 4, talk.text, 0, 1, 0, words=(first, type(second)(second.text, 2.5, 3, 1)))

    assert [(cue.start, cue.end, bool(cue.spoken)) for cue in cues([later], Layout(highlight_words=True))] == [
        (1, first.end, True), (first.end, 2.5, False), (2.5, 3, True),
    ]  # fmt: skip


def test_a_word_on_two_lines_is_highlighted_on_both() -> None:
    cue = cues([with_words(" well-known", 0, 2)], Layout(max_line_width=6, highlight_words=True))[0]

    assert cue.written(str, ("<", ">")) == ["<well->", "<known>"]


def test_words_that_were_not_asked_for_cannot_be_highlighted() -> None:
    with pytest.raises(WordsUnknown, match="Ask for words"):
        cues([segment(" Ask not.")], Layout(highlight_words=True))


def test_what_has_no_words_is_shown_without_highlights_among_what_has() -> None:
    talk = [with_words(" And so.", 0, 2), segment(" Ask not.", 6, 8), with_words(" What?", 12, 13)]

    assert [(cue.lines, cue.spoken) for cue in cues(talk, Layout(highlight_words=True))] == [
        (("And so.",), ((0, 3),)), (("And so.",), ((4, 7),)), (("Ask not.",), ()), (("What?",), ((0, 5),)),
    ]  # fmt: skip


def test_marks_alone_are_no_words_to_be_highlighted() -> None:
    assert [cue.lines for cue in cues([segment(" ...", 0, 1)], Layout(highlight_words=True))] == [("...",)]


def test_where_nothing_was_said_nothing_need_be_highlighted() -> None:
    assert cues([], Layout(highlight_words=True)) == []
