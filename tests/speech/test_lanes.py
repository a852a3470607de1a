"""The hands that do the work: what is tried, and again, and what comes out in the end."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from ctranslate2 import StorageView
from numpy.typing import NDArray

from tests.speech.fake_model import Asked, FakeModel, Said
from whisper_api.speech.batcher import Batcher, Entry, Line, StepFailed
from whisper_api.speech.decoder import Decoder
from whisper_api.speech.detection import MOST_GUESSES
from whisper_api.speech.devices import CPU
from whisper_api.speech.encoder import Encoded, PlainEncoder
from whisper_api.speech.hypothesis import Hypothesis, attempts
from whisper_api.speech.lanes import Lanes
from whisper_api.speech.options import Options
from whisper_api.speech.plan import plan_for
from whisper_api.speech.tokens import Vocabulary
from whisper_api.speech.windows import LONGEST_SECONDS
from whisper_api.speech.words import Spoken

PLAN = replace(plan_for(CPU, cores=1), decoded_seconds_at_once=30)
"""One lane; up to three windows of 10 s are decoded at once."""

SOON = 10.0

Say = Callable[[Asked], Said]


class Rememberer(PlainEncoder):
    """An encoder that keeps what it encoded until it is told to forget it."""

    def __init__(self, model: FakeModel) -> None:
        super().__init__(cast("Any", model))
        self.keeps = False
        self.has_forgotten = threading.Event()

    def encode(self, features: Sequence[NDArray[np.float32]]) -> list[Encoded]:
        self.keeps = True
        return super().encode(features)

    def forget(self) -> None:
        self.keeps = False
        self.has_forgotten.set()


class Desk:
    """Windows go in, and texts come out."""

    def __init__(self, say: Say, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.model = FakeModel(say)
        self.encoder = Rememberer(self.model)
        self.batcher = Batcher(PLAN)
        decoder = Decoder(cast("Any", self.model), vocabulary)
        self.lanes = Lanes(
            self.batcher, self.encoder, decoder, vocabulary, count=PLAN.lanes, forget=self.encoder.forget
        )

    def line(self, *, language: str | None = "en", options: Options | None = None) -> Line:
        return self.batcher.join(options or Options(), language=language)

    def window(
        self,
        line: Line,
        *,
        seconds: float = 6,
        spoken_language: str | None = None,
        is_piece: bool = False,
        loudness: float = 0,
    ) -> Entry:
        entry = Entry(
            line=line,
            features=np.full((80, round(seconds * 100)), loudness, np.float32),
            seconds=seconds,
            encoder_seconds=10,
            decoder_seconds=10,
            attempts=attempts(1, whole=False),
            spoken_language=spoken_language,
            is_piece=is_piece,
        )
        self.batcher.put(entry)
        return entry

    def spoken(self, *, language: str | None = "en", options: Options | None = None) -> Spoken:
        line = self.line(language=language, options=options)
        entry = self.window(line)
        self.batcher.complete(line)
        return entry.spoken.result(SOON)

    def hypothesis(self) -> Hypothesis:
        return self.spoken().hypothesis


@pytest.fixture
def desk(vocabulary: Vocabulary) -> Iterator[Callable[[Say], Desk]]:
    """Makes a desk at which a model says what it is told to say."""
    desks: list[Desk] = []

    def make(say: Say) -> Desk:
        desks.append(Desk(say, vocabulary))
        return desks[-1]

    yield make
    for made in desks:
        made.batcher.close()


MakeDesk = Callable[[Say], Desk]


@pytest.fixture
def hello(vocabulary: Vocabulary) -> list[int]:
    return list(vocabulary.previous(hotwords="", prompt="Hello, world."))


def test_a_text_that_can_be_relied_on_is_taken_at_once(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello))

    assert made.hypothesis().text == "Hello, world."
    assert made.model.encoded_seconds == [10]
    [asked] = made.model.asked
    assert (asked.seconds, asked.temperature, asked.beam_size) == (10, 0, 1)


def test_an_unlikely_text_is_asked_for_again_with_a_beam(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda asked: Said(hello, logprob=-0.1 if asked.beam_size > 1 else -3))

    assert made.hypothesis().avg_logprob > -1
    assert made.model.encoded_seconds == [10]
    assert [asked.beam_size for asked in made.model.asked] == [1, 5]


def test_what_is_unlikely_even_so_is_listened_for_over_the_full_window(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda asked: Said(hello, logprob=-0.1 if asked.seconds == LONGEST_SECONDS else -3))

    assert made.hypothesis().avg_logprob > -1
    assert made.model.encoded_seconds == [10, LONGEST_SECONDS]
    assert [asked.seconds for asked in made.model.asked] == [10, 10, LONGEST_SECONDS]
    assert [asked.beam_size for asked in made.model.asked] == [1, 5, 5]


def test_what_stays_unlikely_is_guessed_at_ever_higher_temperatures(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda asked: Said(hello, logprob=-0.1 if asked.temperature > 0.5 else -3))

    hypothesis = made.hypothesis()

    assert [asked.temperature for asked in made.model.asked] == [0, 0, 0, 0.2, 0.4, 0.6]
    assert made.model.encoded_seconds == [10, LONGEST_SECONDS]
    assert hypothesis.temperature == 0.6


def test_where_nothing_can_be_relied_on_the_likeliest_is_taken(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda asked: Said(hello, logprob=-1.5 if asked.temperature == 0.4 else -3))

    assert made.hypothesis().avg_logprob > -1.6
    assert len(made.model.asked) == len(attempts(1, whole=False))


def test_a_phrase_that_is_said_over_and_over_whatever_is_tried_is_said_once(desk: MakeDesk, hello: list[int]) -> None:
    """A loop goes on for as long as the window does."""
    made = desk(lambda asked: Said(hello * int(asked.seconds)))

    hypothesis = made.hypothesis()

    assert hypothesis.text == "Hello, world."
    assert hypothesis.tokens == tuple(hello)
    assert len(made.model.asked) == len(attempts(1, whole=False))


def test_what_somebody_says_over_and_over_is_believed(desk: MakeDesk, hello: list[int]) -> None:
    """A litany comes out the same whatever silence follows it."""
    made = desk(lambda _: Said(hello * 12))

    assert made.hypothesis().tokens == tuple(hello * 12)
    assert [asked.seconds for asked in made.model.asked] == [10, 10, LONGEST_SECONDS]


def test_what_is_unlikely_is_not_believed_for_being_said_twice(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello * 12, logprob=-3))

    assert made.hypothesis().tokens == tuple(hello)
    assert len(made.model.asked) == len(attempts(1, whole=False))


def test_a_text_that_was_broken_off_is_asked_for_again(desk: MakeDesk, hello: list[int]) -> None:
    """For 6 s of speech there is room for 140 tokens."""
    made = desk(lambda asked: Said(range(1000, 1140) if asked.beam_size == 1 else hello))

    assert made.hypothesis().text == "Hello, world."
    assert [asked.beam_size for asked in made.model.asked] == [1, 5]


def test_silence_has_no_text(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello, logprob=-2, no_speech_prob=0.9))

    hypothesis = made.hypothesis()

    assert (hypothesis.tokens, hypothesis.text) == ((), "")
    assert [asked.seconds == LONGEST_SECONDS for asked in made.model.asked] == [False, False, True]


def test_the_language_is_part_of_the_prompt(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello))
    made.model.languages = lambda _: ("fr", 0.8)

    made.spoken(language=None, options=Options(task="translate"))

    assert list(made.model.asked[0].prompt) == made.vocabulary.prompt("translate", "fr")


def test_an_uncertain_language_is_looked_for_with_silence_up_to_the_full_window(
    desk: MakeDesk, hello: list[int]
) -> None:
    made = desk(lambda _: Said(hello))
    made.model.languages = lambda seconds: ("de", 0.9) if seconds == LONGEST_SECONDS else ("nl", 0.3)

    made.spoken(language=None)

    assert made.model.encoded_seconds == [10]
    assert list(made.model.asked[0].prompt) == made.vocabulary.prompt("transcribe", "de")


def test_a_language_that_stays_uncertain_is_the_likeliest(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello))
    made.model.languages = lambda _: ("nl", 0.3)

    line = made.line(language=None)
    entry = made.window(line)
    made.batcher.complete(line)

    assert entry.spoken.result(SOON).hypothesis.text == "Hello, world."
    assert line.language == "nl"
    assert line.detection.probability == pytest.approx(0.3)


def test_a_guessed_language_that_gives_no_text_is_guessed_again_over_the_full_window(
    desk: MakeDesk, hello: list[int]
) -> None:
    made = desk(lambda asked: Said(hello, logprob=-0.1 if asked.seconds == LONGEST_SECONDS else -3))
    guesses = iter([("la", 0.1), ("la", 0.2), ("en", 0.3), ("en", 0.4)])
    made.model.languages = lambda _: next(guesses)

    line = made.line(language=None)
    entry = made.window(line)
    made.batcher.complete(line)

    assert entry.spoken.result(SOON).hypothesis.text == "Hello, world."
    assert line.language == "en"
    assert line.detection.probability == pytest.approx(0.2)
    assert [list(asked.prompt) for asked in made.model.asked] == [
        made.vocabulary.prompt("transcribe", language) for language in ("la", "la", "en")
    ]


def test_a_piece_of_a_window_is_in_what_the_window_is_in(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello))
    made.model.languages = lambda _: ("fr", 0.99)
    line = made.line(language=None)
    made.window(line, seconds=20).spoken.result(SOON)

    piece = made.window(line, seconds=2, spoken_language="en", is_piece=True)

    piece.spoken.result(SOON)
    assert list(made.model.asked[-1].prompt) == made.vocabulary.prompt("transcribe", "en")
    assert line.detection.probabilities == {"fr": pytest.approx(0.99)}


def test_each_window_knows_what_its_recording_is_in_up_to_there(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello))
    line = made.line(language=None)
    made.model.languages = lambda _: ("en", 0.99) if line.language else ("fr", 0.94)

    windows = [made.window(line, seconds=6), made.window(line, seconds=20)]
    for window in windows:
        window.spoken.result(SOON)

    assert [window.spoken_language for window in windows] == ["fr", "en"]
    assert [window.language for window in windows] == ["fr", "en"]


def test_a_window_that_fails_keeps_the_others_from_no_language(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello))
    made.model.languages = lambda _: ("fr", 0.3)
    encode = made.model.encode

    def fail_over_noise(features: StorageView, **options: bool) -> NDArray[np.float32]:
        if np.asarray(features).max() > 0:
            raise RuntimeError("out of memory")
        return encode(features, **options)

    made.model.encode = fail_over_noise  # type: ignore[method-assign]
    line = made.line(language=None)
    windows = [made.window(line) for _ in range(MOST_GUESSES - 1)]
    noise = made.window(line, loudness=1)

    with pytest.raises(StepFailed):
        noise.spoken.result(SOON)
    for window in windows:
        assert window.spoken.result(SOON).hypothesis.text == "Hello, world."


def test_what_was_rejected_in_another_language_is_not_what_is_taken_in_the_end(
    desk: MakeDesk, hello: list[int], vocabulary: Vocabulary
) -> None:
    latin = list(vocabulary.previous(hotwords="", prompt="Salve."))
    in_latin = tuple(vocabulary.prompt("transcribe", "la"))
    made = desk(lambda asked: Said(latin, logprob=-3) if asked.prompt == in_latin else Said(hello, logprob=-4))
    guesses = iter([("la", 0.1), ("la", 0.2), ("en", 0.3), ("en", 0.4)])
    made.model.languages = lambda _: next(guesses)

    line = made.line(language=None)
    entry = made.window(line)
    made.batcher.complete(line)

    assert entry.spoken.result(SOON).hypothesis.text == "Hello, world."
    assert line.language == "en"


def test_words_are_timed_where_they_are_asked_for(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello))

    assert made.spoken().words == ()
    words = made.spoken(options=Options(words=True)).words
    assert [word.text for word in words] == [" Hello,", " world."]
    assert words[-1].end <= 6
    assert sum(word.tokens for word in words) == len(hello)


def in_company(desk: Desk, count: int) -> Sequence[Entry]:
    """Windows of so many recordings, which are decoded together: the lane has none before all wait."""
    entered, go_on = threading.Event(), threading.Event()
    encode = desk.model.encode

    def waiting(*arguments: Any, **options: Any) -> Any:
        entered.set()
        assert go_on.wait(SOON)
        return encode(*arguments, **options)

    desk.model.encode = waiting  # type: ignore[method-assign]
    lines = [desk.line() for _ in range(count)]
    entries = [desk.window(line) for line in lines]
    for line in lines:
        desk.batcher.complete(line)
    assert entered.wait(SOON)
    go_on.set()
    return entries


def test_windows_of_several_are_decoded_together(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello))

    for entry in in_company(made, 3):
        assert entry.spoken.result(SOON).hypothesis.text == "Hello, world."

    assert [asked.company for asked in made.model.asked] == [3, 3, 3]


def test_what_fails_in_company_is_tried_again_alone(desk: MakeDesk, hello: list[int]) -> None:
    def say(asked: Asked) -> Said:
        if asked.company > 1:
            raise RuntimeError("out of memory")
        return Said(hello)

    made = desk(say)

    for entry in in_company(made, 3):
        assert entry.spoken.result(SOON).hypothesis.text == "Hello, world."


def test_what_fails_alone_has_failed_and_the_lane_goes_on(desk: MakeDesk, hello: list[int]) -> None:
    failures = iter([RuntimeError("out of memory")])

    def say(_: Asked) -> Said:
        for failure in failures:
            raise failure
        return Said(hello)

    made = desk(say)

    with pytest.raises(StepFailed):
        made.spoken()
    assert made.spoken().hypothesis.text == "Hello, world."


def test_the_encoder_forgets_when_the_last_recording_is_left(desk: MakeDesk, hello: list[int]) -> None:
    made = desk(lambda _: Said(hello))
    line = made.line()
    assert made.window(line).spoken.result(SOON).hypothesis.text == "Hello, world."
    assert made.encoder.keeps

    made.batcher.leave(line)

    assert made.encoder.has_forgotten.wait(SOON)
    assert not made.encoder.keeps
