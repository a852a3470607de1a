"""Markdown that reads like a text."""

from tests.formats.talks import CHINESE, HOSTILE, KENNEDY, transcript
from tests.tasks.fakes import segment
from whisper_api.formats.md import write


def test_what_is_said_without_a_pause_is_one_paragraph_with_its_time() -> None:
    assert write(transcript(*(segment(*said) for said in KENNEDY))) == (
        "**0:00** And so, my fellow Americans, ask not what your country can do for you,"
        " ask what you can do for your country.\n"
    )


def test_a_pause_after_a_sentence_begins_a_paragraph() -> None:
    talk = transcript(
        segment(" One.", 0, 2), segment(" Two.", 3, 4), segment(" Three,", 6, 7), segment(" four.", 3700, 3701)
    )

    assert write(talk) == "**0:00** One. Two.\n\n**0:06** Three,\n\n**1:01:40** four.\n"


def test_a_short_pause_within_a_sentence_does_not() -> None:
    assert write(transcript(segment(" One,", 0, 2), segment(" two.", 5, 7))) == "**0:00** One, two.\n"


def test_a_long_text_is_parted_between_sentences() -> None:
    sentence = " This is a sentence like many others in a long talk."
    paragraphs = write(transcript(segment(sentence * 40, 0, 160))).split("\n\n")

    assert len(paragraphs) == 4
    assert all(paragraph.rstrip().endswith("talk.") for paragraph in paragraphs)


def test_a_long_text_without_sentences_is_parted_all_the_same() -> None:
    assert len(write(transcript(segment(" word" * 1000, 0, 300))).split("\n\n")) > 2
    assert len(write(transcript(segment(CHINESE.replace("！", "").replace("。", "") * 50, 0, 300))).split("\n\n")) > 2


def test_markup_in_speech_is_text() -> None:
    assert write(transcript(segment(HOSTILE, 0, 6))) == (
        r'**0:00** \<b>bold\</b> \<font color="red"> {\\an8}top --> & \&amp; C:\\Nul 5 \< 6 > 4 {x} '
        r"\[00:05.00\]x \<00:06.00> \*a\* \_b\_ \`c\` \$d\$" + "\n"
    )


def test_nothing_said_is_an_empty_file() -> None:
    assert write(transcript()) == ""
