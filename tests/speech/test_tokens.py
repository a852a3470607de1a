"""What is put before the text, and the text and times that come out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_api.speech.tokens import CONTEXT, Passage, Vocabulary

MOST = CONTEXT // 2 - 1


def special(vocabulary: Vocabulary, name: str) -> int:
    token = vocabulary._tokenizer.token_to_id(f"<|{name}|>")
    assert token is not None
    return token


def at(vocabulary: Vocabulary, seconds: float) -> int:
    """The token of a time."""
    return special(vocabulary, "notimestamps") + 1 + round(seconds * 50)


def spelt(vocabulary: Vocabulary, text: str) -> tuple[int, ...]:
    return tuple(vocabulary._tokenizer.encode(text, add_special_tokens=False).ids)


# ---- what stands before --------------------------------------------------------------------------------------------


def test_a_prompt_says_the_language_and_the_task(vocabulary: Vocabulary) -> None:
    names = ("startoftranscript", "de", "transcribe")
    assert vocabulary.prompt("transcribe", "de") == [special(vocabulary, name) for name in names]
    assert vocabulary.prompt("translate", "ja")[1:] == [special(vocabulary, name) for name in ("ja", "translate")]


def test_a_language_without_a_token_is_not_known(vocabulary: Vocabulary) -> None:
    assert vocabulary.knows("de")
    assert not vocabulary.knows("yue")
    assert Vocabulary(vocabulary._tokenizer, multilingual=False).knows("en")


def test_previous_text_stands_before_all_else(vocabulary: Vocabulary) -> None:
    previous = vocabulary.previous(hotwords="", prompt="We met on Monday.")

    prompt = vocabulary.prompt("transcribe", "en", previous)

    assert prompt[0] == special(vocabulary, "startofprev")
    assert prompt[1:-3] == list(spelt(vocabulary, " We met on Monday."))
    assert prompt[-3:] == vocabulary.prompt("transcribe", "en")


def test_a_model_of_one_language_is_told_neither_it_nor_the_task(vocabulary: Vocabulary) -> None:
    english = Vocabulary(vocabulary._tokenizer, multilingual=False)

    assert english.prompt("transcribe", "en") == [special(vocabulary, "startoftranscript")]


def test_without_anything_said_before_there_is_no_previous_text(vocabulary: Vocabulary) -> None:
    assert vocabulary.previous(hotwords="", prompt="") == ()
    assert vocabulary.previous(hotwords=" ", prompt="\n") == ()


def test_hotwords_stand_before_the_text(vocabulary: Vocabulary) -> None:
    previous = vocabulary.previous(hotwords=" Kubernetes, Grafana ", prompt="\nWe met on Monday.")

    assert vocabulary.text(previous) == " Kubernetes, Grafana We met on Monday."


def test_of_a_long_text_its_end_is_taken(vocabulary: Vocabulary) -> None:
    text = "".join(f" Number {number}." for number in range(200))

    previous = vocabulary.previous(hotwords="Kubernetes", prompt=text)

    assert MOST - 5 < len(previous) <= MOST
    first, rest = vocabulary.text(previous[:1]), vocabulary.text(previous).removeprefix(" Kubernetes")
    assert " Kubernetes".startswith(first)
    assert text.endswith(rest)
    assert rest.startswith(" ")


@given(
    st.integers(0, 30),
    st.lists(st.sampled_from([" misunderstandings", " a", " notwithstanding,", " of"]), min_size=300),
)
def test_a_long_text_is_cut_between_words(vocabulary: Vocabulary, before: int, words: list[str]) -> None:
    """Texts would go on as this one begins, with parts of words between the words."""
    previous = vocabulary.previous(hotwords=" a" * before, prompt="".join(words))

    assert vocabulary.text(previous[before:]).split(" ")[1] in {word.strip() for word in words}
    assert vocabulary.text(previous[before:]).startswith(" ")


def test_a_long_text_without_spaces_is_cut_where_there_is_no_more_room(vocabulary: Vocabulary) -> None:
    previous = vocabulary.previous(hotwords="", prompt="我們星期一在城裡見面" * 100)

    assert len(previous) == MOST


def test_what_was_said_stands_after_the_prompt_with_its_times(vocabulary: Vocabulary) -> None:
    said = (at(vocabulary, 0), *spelt(vocabulary, " We met."), at(vocabulary, 2))

    previous = vocabulary.previous(hotwords="Kubernetes", prompt="A talk.", said=said)

    assert previous == (*spelt(vocabulary, " Kubernetes"), *spelt(vocabulary, " A talk."), *said)


def test_of_much_that_was_said_the_end_is_taken_from_a_word_or_a_time_on(vocabulary: Vocabulary) -> None:
    said = (at(vocabulary, 0), *spelt(vocabulary, " misunderstandings"), at(vocabulary, 2)) * 200

    previous = vocabulary.previous(hotwords="", prompt="A talk.", said=said)

    assert MOST - 16 < len(previous) <= MOST
    assert said[-len(previous) :] == previous
    assert previous[0] in (at(vocabulary, 0), at(vocabulary, 2), spelt(vocabulary, " misunderstandings")[0])


def test_of_too_many_hotwords_the_first_are_taken(vocabulary: Vocabulary) -> None:
    hotwords = "".join(f" Number {number}." for number in range(200))

    previous = vocabulary.previous(hotwords=hotwords, prompt="We met on Monday.")

    assert len(previous) == MOST
    assert hotwords.startswith(vocabulary.text(previous))


@given(st.text(max_size=600), st.text(max_size=600))
def test_whatever_was_said_before_leaves_half_of_the_room_to_what_is_said(
    vocabulary: Vocabulary, hotwords: str, text: str
) -> None:
    previous = vocabulary.previous(hotwords=hotwords, prompt=text)

    assert len(previous) <= MOST
    assert len(vocabulary.prompt("transcribe", "en", previous)) <= CONTEXT // 2 + 3


@pytest.mark.parametrize("name", ["startoftranscript", "endoftext", "startofprev", "de", "translate", "nocaptions"])
def test_a_prompt_gives_no_orders(vocabulary: Vocabulary, name: str) -> None:
    """Prompts of several people are decoded together: one that starts a transcript itself would fail for all."""
    previous = vocabulary.previous(hotwords=f"<|{name}|>", prompt=f"We met <|{name}|> on Monday.")

    assert special(vocabulary, name) not in previous
    assert "We met" in vocabulary.text(previous)
    assert "on Monday." in vocabulary.text(previous)


def test_what_is_not_spoken_is_suppressed_and_text_is_not(vocabulary: Vocabulary) -> None:
    assert special(vocabulary, "startoftranscript") in vocabulary.suppressed
    assert special(vocabulary, "translate") in vocabulary.suppressed
    assert special(vocabulary, "endoftext") not in vocabulary.suppressed
    assert at(vocabulary, 1.0) not in vocabulary.suppressed
    assert not {*spelt(vocabulary, " What did they say? It's 5.")} & {*vocabulary.suppressed}


# ---- what comes out ------------------------------------------------------------------------------------------------


def test_the_text_is_without_times(vocabulary: Vocabulary) -> None:
    hello = spelt(vocabulary, " Hello")
    tokens = [at(vocabulary, 0), *hello, at(vocabulary, 1.5), special(vocabulary, "endoftext")]

    assert vocabulary.text(tokens) == " Hello"
    assert vocabulary.spoken(tokens) == list(hello)


def test_text_between_times_is_a_passage(vocabulary: Vocabulary) -> None:
    hello, bye = spelt(vocabulary, " Hello."), spelt(vocabulary, " Bye.")
    tokens = [at(vocabulary, 0.2), *hello, at(vocabulary, 1.5), at(vocabulary, 2), *bye, at(vocabulary, 3.1)]

    assert vocabulary.passages(tokens, 10) == [Passage(0.2, 1.5, hello), Passage(2, 3.1, bye)]


def test_a_time_between_two_texts_ends_the_one_and_begins_the_other(vocabulary: Vocabulary) -> None:
    hello, bye = spelt(vocabulary, " Hello."), spelt(vocabulary, " Bye.")
    tokens = [at(vocabulary, 0.2), *hello, at(vocabulary, 1.5), *bye, at(vocabulary, 3.1)]

    assert vocabulary.passages(tokens, 10) == [Passage(0.2, 1.5, hello), Passage(1.5, 3.1, bye)]


def test_text_without_times_is_said_in_all_of_the_window(vocabulary: Vocabulary) -> None:
    hello = spelt(vocabulary, " Hello.")

    assert vocabulary.passages(hello, 4.5) == [Passage(0, 4.5, hello)]


def test_text_after_the_last_time_is_said_up_to_the_end_of_the_speech(vocabulary: Vocabulary) -> None:
    hello, bye = spelt(vocabulary, " Hello."), spelt(vocabulary, " Bye.")
    tokens = [at(vocabulary, 0.2), *hello, at(vocabulary, 1.5), at(vocabulary, 2), *bye]

    assert vocabulary.passages(tokens, 10)[-1] == Passage(2, 10, bye)


def test_a_time_after_the_end_of_the_speech_is_its_end(vocabulary: Vocabulary) -> None:
    hello = spelt(vocabulary, " Hello.")

    assert vocabulary.passages([at(vocabulary, 0), *hello, at(vocabulary, 9)], 4.5) == [Passage(0, 4.5, hello)]


def test_times_alone_are_no_passage(vocabulary: Vocabulary) -> None:
    assert vocabulary.passages([at(vocabulary, 0), at(vocabulary, 3)], 10) == []
    assert vocabulary.passages([], 10) == []


@given(st.lists(st.one_of(st.integers(0, 50_256), st.integers(50_364, 51_864)), max_size=60), st.floats(0.1, 30))
def test_passages_are_in_order_within_the_speech_and_hold_all_of_the_text(
    vocabulary: Vocabulary, tokens: list[int], seconds: float
) -> None:
    passages = vocabulary.passages(tokens, seconds)

    assert [token for passage in passages for token in passage.tokens] == vocabulary.spoken(tokens)
    times = [time for passage in passages for time in (passage.start, passage.end)]
    assert times == sorted(times)
    assert all(0 <= time <= seconds for time in times)


def test_a_text_that_ends_with_a_time_was_heard_up_to_it(vocabulary: Vocabulary) -> None:
    hello = spelt(vocabulary, " Hello.")

    assert vocabulary.last_time([at(vocabulary, 0), *hello, at(vocabulary, 1.5)]) == 1.5
    assert vocabulary.last_time([at(vocabulary, 0), *hello, at(vocabulary, 1.5), at(vocabulary, 2)]) == 2
    assert vocabulary.last_time([at(vocabulary, 0), *hello]) is None
    assert vocabulary.last_time([]) is None


def test_what_was_broken_off_is_kept_up_to_the_last_text_that_has_an_end(vocabulary: Vocabulary) -> None:
    hello, bye = spelt(vocabulary, " Hello."), spelt(vocabulary, " Bye.")
    whole = (at(vocabulary, 0.2), *hello, at(vocabulary, 1.5))

    assert vocabulary.up_to_last_time([*whole, at(vocabulary, 2), *bye]) == whole
    assert vocabulary.up_to_last_time([*whole, at(vocabulary, 2)]) == whole
    assert vocabulary.up_to_last_time([at(vocabulary, 0.2), *hello]) == ()
    assert vocabulary.up_to_last_time([]) == ()


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        (" Hello, it's 10 o'clock.", "en", [" Hello", ",", " it's", " 10", " o", "'clock", "."]),
        (" नमस्ते दुनिया", "hi", [" नमस्ते", " दुनिया"]),
        ("猫である", "ja", ["猫", "で", "ある"]),
        ("", "en", []),
    ],
)
def test_a_text_is_made_of_its_words_and_marks(
    vocabulary: Vocabulary, text: str, language: str, words: list[str]
) -> None:
    tokens = list(spelt(vocabulary, text))

    found, parts = vocabulary.words(tokens, language)

    assert found[:-1] == words
    assert "".join(words) == text
    assert [token for part in parts for token in part] == [*tokens, special(vocabulary, "endoftext")]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_the_bytes_of_tokens_make_up_the_text(vocabulary: Vocabulary, text: str) -> None:
    tokens = vocabulary._plain(text)

    written = b"".join(vocabulary.utf8(token) for token in tokens)

    assert written.decode() == vocabulary.text(tokens)
