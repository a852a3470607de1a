"""Where a line may end, and where it should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.talks import LANGUAGES, anything
from whisper_api.formats.columns import columns
from whisper_api.formats.pieces import pieces
from whisper_api.formats.plain import one_line
from whisper_api.formats.reluctance import BOUND, CLAUSE, INSIDE, PHRASE, SENTENCE, SPACE, TURN
from whisper_api.formats.timeline import Timeline
from whisper_api.transcript import Segment


def split(text: str) -> list[str]:
    return [text[piece.begin : piece.end] for piece in pieces(text)]


def reluctances(text: str) -> dict[str, int]:
    return {text[piece.begin : piece.end]: piece.reluctance for piece in pieces(text)}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("And so, my fellow", ["And", "so,", "my", "fellow"]),
        ("a well-known e-mail", ["a", "well-", "known", "e-", "mail"]),
        ("3.14 or 1990-2000", ["3.14", "or", "1990-2000"]),
        ("« Ça va ? » dit-elle : oui !", ["« Ça", "va ? »", "dit-", "elle :", "oui !"]),
        ("Bonjour\u00a0! Oui\u202f?", ["Bonjour\u00a0!", "Oui\u202f?"]),
        ("he knew – too late", ["he", "knew –", "too", "late"]),
        ("- Hello. - Hi.", ["- Hello.", "- Hi."]),
        ("他说：“你好，世界！”（笑）", ["他", "说：", "“你", "好，", "世", "界！”", "（笑）"]),
        ("「ニャー」とっきょ。", ["「ニャー」", "とっ", "きょ。"]),
        ("3月にPythonを", ["3", "月", "に", "Python", "を"]),
        ("안녕하세요, 오늘은", ["안녕하세요,", "오늘은"]),
        ("เก็บน้ำ", ["เก็", "บ", "น้ำ"]),
        ("မြန်မာဘာသာ", ["မြန်", "မာ", "ဘာ", "သာ"]),
        ("ພາສາ", ["ພາ", "ສາ"]),
        ("שלום (עולם)", ["שלום", "(עולם)"]),
        ("👨‍👩‍👧‍👦👍🏽🇩🇪🇫🇷", ["👨‍👩‍👧‍👦", "👍🏽", "🇩🇪", "🇫🇷"]),
        ("か\u3099き", ["か\u3099", "き"]),
        ("", []),
    ],
)
def test_a_text_falls_into_pieces_that_stay_on_one_line(text: str, parts: list[str]) -> None:
    assert split(text) == parts


def test_a_line_rather_ends_with_a_sentence_or_a_clause() -> None:
    assert reluctances("He called out, twice. No answer and no light") == {
        "He": SPACE, "called": SPACE, "out,": CLAUSE, "twice.": SENTENCE,
        "No": SPACE, "answer": PHRASE, "and": BOUND, "no": SPACE, "light": SENTENCE,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["Dr. Groß", "z.B. Köln", "J. Kennedy", "3. Mai", "etc. und", "6 a.m. sharp"])
def test_not_every_full_stop_ends_a_sentence(text: str) -> None:
    assert SENTENCE not in list(reluctances(text).values())[:-1]


@pytest.mark.parametrize(
    "text",
    ["Hr. Müller", "Fr. Dr. Schmidt", "3,5 Mio. Dollar", "3 Mrd. Euro", "Lt. Col. Sanders", "los EE. UU.", "No. 10",
     "w Al. Jerozolimskich", "na ul. Długiej", "on Jan. 5", "am Okt. 3", "godz. 15", "§ 5 Abs. 3", "Kap. 3", "Abb. 4"],
)  # fmt: skip
def test_an_abbreviation_is_not_torn_from_what_follows_it(text: str) -> None:
    before = list(reluctances(text).items())[:-1]

    assert {bad for said, bad in before if said.endswith(".")} == {BOUND}


@pytest.mark.parametrize(
    "text", ["Martin Luther King Jr. Day", "en EE. UU. El", "at Ford Inc. He", "on Fri. 13", "usw. Dann"]
)
def test_a_line_does_not_rather_end_where_a_sentence_may_go_on(text: str) -> None:
    assert not {SENTENCE, CLAUSE} & set(list(reluctances(text).values())[:-1])


@pytest.mark.parametrize("text", ["10 000 Euro", "3,5 Mio. Dollar", "5 млн. руб."])
def test_an_amount_stays_together(text: str) -> None:
    assert next(iter(reluctances(text).values())) == BOUND


@pytest.mark.parametrize(
    "text", ["No. He", "Come in May. He", "It is art. She", "It was in Kap. Das", "That is all. 5 people"]
)
def test_a_short_word_may_end_a_sentence(text: str) -> None:
    shown = reluctances(text)
    (last,) = [said for said in shown if said.endswith(".")]

    assert shown[last] == (SPACE if "5" in text else SENTENCE)


@pytest.mark.parametrize("text", ["”你好。”他", "ما رأيكم؟ نعم", "नमस्ते। हाँ", "“Yes.” He", "Really?! Yes", "So… Then"])
def test_sentences_end_in_every_script(text: str) -> None:
    assert SENTENCE in list(reluctances(text).values())[:-1]


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("- Hi. - Oh.", True),
        ("Where? —Here.", True),
        ("Hi. – ¿Qué?", True),
        ("Hi - Oh.", False),
        ("It is cold. -5 degrees.", False),
        ("He left – at once.", False),
    ],
)
def test_a_dash_after_a_sentence_is_somebody_else_speaking(text: str, turn: bool) -> None:
    assert (TURN in reluctances(text).values()) is turn


def test_phrases_of_japanese_and_thai_are_rather_kept_together() -> None:
    for text in ("音声認識の仕組みについて", "เขียนติดกัน"):
        ends = [piece.reluctance for piece in pieces(text)]
        assert INSIDE in ends
        assert SPACE in ends


@given(anything())
def test_pieces_hold_the_whole_text_but_for_spaces_between_them(segments: list[Segment]) -> None:
    text = Timeline(segments).text

    assert "".join(text[piece.begin : piece.end] + " " * piece.space for piece in pieces(text)) == text
    assert all(piece.begin < piece.end for piece in pieces(text))


@given(st.sampled_from(LANGUAGES), st.integers(0, 60))
def test_the_width_of_a_text_is_that_of_its_pieces(text: str, length: int) -> None:
    text = one_line(text[:length])

    assert columns(text) == sum(piece.width + piece.space for piece in pieces(text))


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("Groß", 4),
        ("e\u0301", 1),
        ("你好", 4),
        ("안녕", 4),
        ("น้ำ", 1),
        ("👨‍👩‍👧‍👦", 2),
        ("❤️", 2),
        ("\u200fש\u200b", 1),
        ("", 0),
    ],
)
def test_wide_characters_take_two_columns_and_marks_none(text: str, width: int) -> None:
    assert columns(text) == width
