"""When each word was said, read from alignments made by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from whisper_api.speech.decoder import Alignment
from whisper_api.speech.words import TimedWord, timed_words

END = 50_257


LATER = 0.04
"""Attention moves on before the sound does: all times are put so much later."""


def sound(*stretches: tuple[float, float]) -> NDArray[np.float32]:
    """A spectrogram of ten seconds of silence but for sound from one time to another."""
    features = np.full((80, 1000), -0.5, np.float32)
    for start, end in stretches:
        features[:, round(start * 100) : round(end * 100)] = 1
    return features


def aligned(*words: tuple[str, float, float], features: NDArray[np.float32] | None = None) -> tuple[TimedWord, ...]:
    """What is made of words of one token each, each heard from a time on up to the next one's."""
    starts = [round(start * 50) for _, start, _ in words]
    ends = [*starts[1:], round(words[-1][2] * 50)]
    path = [
        (index, position)
        for index, (start, end) in enumerate(zip(starts, ends, strict=True))
        for position in range(start, max(end, start + 1))
    ]
    alignment = Alignment(np.array([*path, (len(words), ends[-1])]), [0.9] * len(words))
    if features is None:
        features = np.ones((80, 100 * 100), np.float32)
    return timed_words(alignment, [*(text for text, *_ in words), ""], [[7]] * len(words) + [[END]], features)


def times(word: TimedWord) -> tuple[float, float]:
    """When it was heard."""
    return round(word.start - LATER, 3), round(word.end - LATER, 3)


def texts(words: tuple[TimedWord, ...]) -> list[str]:
    return [word.text for word in words]


def test_a_word_is_said_from_its_first_token_to_the_next_words() -> None:
    path = np.array([(0, 10), (0, 11), (1, 20), (1, 21), (2, 50), (3, 75)])
    alignment = Alignment(path, [0.9, 0.5, 0.8])

    hello, world = timed_words(alignment, [" Hello", " world", ""], [[1, 2], [3], [END]], np.ones((80, 1000), "f4"))

    assert (hello.text, *times(hello), hello.tokens) == (" Hello", 0.2, 1.0, 2)
    assert (world.text, *times(world), world.tokens) == (" world", 1.0, 1.5, 1)
    assert [hello.probability, world.probability] == pytest.approx([0.7, 0.8])


def test_without_words_there_are_no_times() -> None:
    nothing = Alignment(np.array([(0, 0)]), [])

    assert timed_words(nothing, [""], [[END]], sound()) == ()
    assert timed_words(nothing, [], [], sound()) == ()


def test_nobody_begins_or_ends_a_word_in_silence() -> None:
    hello, world = aligned((" Hello", 0.5, 2), (" world", 2, 4), features=sound((1, 1.6), (2.3, 3)))

    assert times(hello) == pytest.approx((1, 1.6), abs=0.02)
    assert times(world) == pytest.approx((2.3, 3), abs=0.02)


def test_a_word_that_was_hardly_heard_keeps_its_time() -> None:
    hello, world = aligned((" Hello", 0, 2), (" world", 2, 4), features=sound((0, 0.1), (3.9, 6)))

    assert times(hello)[1] == 2
    assert times(world)[0] == 2


def test_no_word_is_said_after_the_window() -> None:
    [hello] = aligned((" Hello", 9, 9.98), features=sound((9, 10)))

    assert hello.end == 10


def test_a_mark_is_put_to_the_word_that_it_ends_and_takes_none_of_its_time() -> None:
    hello, world = aligned((" Hello", 0, 0.5), (",", 0.5, 0.7), (" world", 0.7, 1.2), (".", 1.2, 1.3))

    assert (hello.text, *times(hello), hello.tokens) == (" Hello,", 0, 0.5, 2)
    assert (world.text, *times(world), world.tokens) == (" world.", 0.7, 1.2, 2)


def test_a_mark_is_put_to_the_word_that_it_opens() -> None:
    said, hello = aligned((" said", 0, 0.5), (' "', 0.5, 0.6), ("Hello", 0.6, 1), (".", 1, 1.1), ('"', 1.1, 1.2))

    assert said.text == " said"
    assert times(hello) == (0.6, 1)
    assert hello.text == ' "Hello."'


def test_marks_in_a_row_are_put_to_one_word() -> None:
    assert texts(aligned((" Oh", 0, 0.5), ("!", 0.5, 0.6), ("!", 0.6, 0.7), ('"', 0.7, 0.8))) == [' Oh!!"']
    assert texts(aligned((" (", 0, 0.1), ("oh", 0.1, 0.5), (")", 0.5, 0.7))) == [" (oh)"]


def test_a_text_of_marks_alone_keeps_them() -> None:
    assert "".join(texts(aligned((" (", 0, 0.5), (")", 0.5, 1)))) == " ()"
    assert texts(aligned(("...", 0, 0.5))) == ["..."]
    assert texts(aligned((" (", 0, 0.5))) == [" ("]


def test_a_word_in_the_middle_of_a_sentence_may_be_long() -> None:
    words = aligned((" So", 0, 0.2), (" looong", 0.2, 2.2), (" is", 2.2, 2.4), (" it", 2.4, 2.6), (" now", 2.6, 2.8))

    assert times(words[1]) == (0.2, 2.2)


def test_the_pause_after_a_sentence_is_not_part_of_the_next_ones_first_word() -> None:
    words = aligned(
        (" Yes", 0, 0.2), (".", 0.2, 0.3), (" And", 0.3, 3.0), (" now", 3.0, 3.2), (" we", 3.2, 3.4), (" go", 3.4, 3.6)
    )

    assert texts(words) == [" Yes.", " And", " now", " we", " go"]
    assert times(words[1]) == pytest.approx((2.6, 3.0))


spoken = st.lists(
    st.tuples(
        st.sampled_from((" a", " the", "ly", " fox", ".", ",", ' "', '"', " (", ")", "。", " ")), st.floats(0, 3)
    ),
    min_size=1,
    max_size=30,
)


loud = st.lists(st.booleans(), min_size=1, max_size=100).map(
    lambda tenths: np.repeat(np.where(tenths, 1, -0.5), 10)[np.newaxis].repeat(80, axis=0).astype(np.float32)
)


@given(spoken, loud)
def test_whatever_is_said_no_text_and_no_token_is_lost_and_time_runs_forwards(
    parts: list[tuple[str, float]], features: NDArray[np.float32]
) -> None:
    ends = np.cumsum([length for _, length in parts]).tolist()
    starts = [0.0, *ends[:-1]]
    said = [(text, start, end) for (text, _), start, end in zip(parts, starts, ends, strict=True)]

    words = aligned(*said, features=features)

    assert "".join(texts(words)) == "".join(text for text, _ in parts)
    assert sum(word.tokens for word in words) == len(parts)
    assert all(LATER <= word.start <= word.end <= features.shape[1] / 100 for word in words)
    assert all(earlier.end <= later.start + 1e-9 for earlier, later in pairwise(words))
    assert all(word.probability == pytest.approx(0.9) for word in words)
