"""One recording on its way to text, with a model that says what it is told to say."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.e2e import recordings
from tests.speech.fake_model import Asked, FakeModel, Said
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.batcher import Batcher, Cancelled, Entry
from whisper_api.speech.decoder import Decoder
from whisper_api.speech.detection import MOST_GUESSES
from whisper_api.speech.encoder import PlainEncoder
from whisper_api.speech.features import LogMel
from whisper_api.speech.hypothesis import attempts
from whisper_api.speech.lanes import Lanes
from whisper_api.speech.options import Kind, Options
from whisper_api.speech.plan import Plan
from whisper_api.speech.tokens import Vocabulary
from whisper_api.speech.transcription import Parts, Transcription
from whisper_api.speech.voice import FRAME, VoiceDetector
from whisper_api.speech.windows import LONGEST_SECONDS

PLAN = Plan(
    lanes=2,
    threads=1,
    speech_seconds=20,
    margin_seconds=4,
    bucket_seconds=0.5,
    smallest_seconds=5,
    decoder_margin_seconds=4,
    company_seconds=5,
    encoded_at_once=1,
    decoded_seconds_at_once=1,
    hypotheses_at_once=5,
    recordings_at_once=16,
)
"""Two lanes; every window is decoded for itself."""

SOON = 10.0
CLOSE = 0.05
"""Seconds that a time may be off: speech is told frame by frame, and times of Whisper's are in steps of 0.02 s."""

Say = Callable[[Asked], Said]


class LoudIsSpeech:
    """Takes for speech whatever is loud."""

    def __call__(
        self, frames: NDArray[np.float32], hidden: NDArray[np.float32], cell: NDArray[np.float32]
    ) -> Sequence[NDArray[np.float32]]:
        loudness = np.abs(frames[:, -FRAME:]).max(axis=1)
        return (loudness > 0.1).astype(np.float32), hidden, cell

    def forget(self) -> None:
        """There is nothing to forget."""


class Listener(LoudIsSpeech):
    """Calls ``before`` each block of 10 s that it hears, with its number from 1 on."""

    def __init__(self, before: Callable[[int], None]) -> None:
        self.blocks = 0
        self._before = before

    def __call__(
        self, frames: NDArray[np.float32], hidden: NDArray[np.float32], cell: NDArray[np.float32]
    ) -> Sequence[NDArray[np.float32]]:
        self.blocks += 1
        self._before(self.blocks)
        return super().__call__(frames, hidden, cell)


class Studio:
    """Makes recordings, and an engine whose model says what it is told."""

    def __init__(self, say: Say, vocabulary: Vocabulary, folder: Path) -> None:
        self.vocabulary = vocabulary
        self.folder = folder
        self.model = FakeModel(say)
        self.batcher = Batcher(PLAN)
        self.parts = Parts(VoiceDetector(LoudIsSpeech()), LogMel(80), vocabulary, self.batcher, PLAN)
        model = cast("Any", self.model)
        encoder, decoder = PlainEncoder(model), Decoder(model, vocabulary)
        Lanes(self.batcher, encoder, decoder, vocabulary, count=PLAN.lanes, forget=encoder.forget)

    def transcription(
        self, *stretches: float, options: Options | None = None, language: str | None = "en"
    ) -> Transcription:
        """Of seconds of silence, of speech, of silence, and so on."""
        numbers = np.random.default_rng(1)
        samples = [
            numbers.uniform(-0.5, 0.5, round(seconds * SAMPLE_RATE)) * (turn % 2)
            for turn, seconds in enumerate(stretches)
        ]
        path = self.folder / "recording.wav"
        path.write_bytes(recordings.wav(np.concatenate(samples).astype(np.float32), rate=SAMPLE_RATE))
        return Transcription(self.parts, path, options or Options(), language=language)


MakeStudio = Callable[[Say], Studio]


@pytest.fixture
def studio(vocabulary: Vocabulary, tmp_path: Path) -> Iterator[MakeStudio]:
    studios: list[Studio] = []

    def make(say: Say) -> Studio:
        studios.append(Studio(say, vocabulary, tmp_path))
        return studios[-1]

    yield make
    for made in studios:
        made.batcher.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def tokens(vocabulary: Vocabulary) -> Callable[..., list[int]]:
    """Texts and times, in seconds, as tokens."""
    times = vocabulary._tokenizer.token_to_id("<|notimestamps|>")
    assert times is not None

    def make(*parts: str | float) -> list[int]:
        made: list[int] = []
        for part in parts:
            if isinstance(part, str):
                made += vocabulary._tokenizer.encode(part, add_special_tokens=False).ids
            else:
                made.append(times + 1 + round(part * 50))
        return made

    return make


Tokens = Callable[..., list[int]]


def one_after_another(*said: Said) -> Say:
    """What is said to one window after another."""
    coming = iter(said)
    return lambda _: next(coming)


def times(transcription: Transcription) -> list[tuple[str, float, float]]:
    return [(segment.text, segment.start, segment.end) for segment in transcription]


def close(*expected: tuple[str, float, float]) -> list[tuple[str, Any, Any]]:
    return [(text, pytest.approx(start, abs=CLOSE), pytest.approx(end, abs=CLOSE)) for text, start, end in expected]


# ---- as soon as it is there ----------------------------------------------------------------------------------------


def test_what_was_said_is_told_while_the_next_speech_is_looked_for(
    studio: MakeStudio, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be hours until somebody speaks again."""
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 5.0)))

    def before(block: int) -> None:
        if block == 3:  # what was sent is done by then
            with made.batcher._changed:
                assert made.batcher._changed.wait_for(lambda: not made.batcher._unsaid, SOON)

    listener = Listener(before)
    made.parts = replace(made.parts, voice=VoiceDetector(listener))
    transcription = made.transcription(0, 5, 300, 5)

    parts = transcription.parts()

    assert [segment.text for segment in next(parts).segments] == [" Hello."]
    assert transcription.duration is None
    assert listener.blocks <= 3
    assert [segment.text for part in parts for segment in part.segments] == [" Hello."]


@pytest.mark.parametrize("task", ["transcribe", "detect_language"])
def test_a_greeting_is_not_held_back_for_its_language_until_somebody_speaks_again(
    studio: MakeStudio, tokens: Tokens, task: Kind
) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 2.0)))

    def waiting() -> list[Entry]:
        return [entry for entries in made.batcher._unsaid.values() for entry in entries]

    def before(block: int) -> None:
        with made.batcher._changed:
            if block == 3:
                assert made.batcher._changed.wait_for(lambda: all(e.encoded is not None for e in waiting()), SOON)
            if block == 9:
                assert made.batcher._changed.wait_for(lambda: not waiting(), SOON)

    listener = Listener(before)
    made.parts = replace(made.parts, voice=VoiceDetector(listener))
    transcription = made.transcription(0, 2, 600, 5, language=None, options=Options(task=task))

    for part in transcription.parts():
        if part.segments:
            break

    assert transcription.language == "en"
    assert listener.blocks <= 9


# ---- times ---------------------------------------------------------------------------------------------------------


def test_times_are_those_of_the_recording(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.4, " Hello.", 4.4)))

    assert times(made.transcription(20, 4, 3)) == close((" Hello.", 20, 24))


def test_a_pause_that_was_left_out_is_still_in_the_times(studio: MakeStudio, tokens: Tokens) -> None:
    """Of the pause of 3.2 s only its first and last 0.4 s are in the window."""
    made = studio(lambda _: Said(tokens(0.4, " Hello.", 2.72, 2.72, " Bye.", 5.04)))

    assert times(made.transcription(9.6, 1.92, 3.2, 1.92, 0.96)) == close(
        (" Hello.", 9.6, 11.92), (" Bye.", 14.32, 16.64)
    )


def test_nothing_is_said_after_the_recordings_end(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 9.0)))
    transcription = made.transcription(0, 5)

    assert times(transcription) == close((" Hello.", 0, 5))
    assert transcription.duration == 5


def test_a_window_without_text_still_says_how_far_it_got(studio: MakeStudio) -> None:
    made = studio(lambda _: Said([], logprob=-2, no_speech_prob=0.9))

    [part] = made.transcription(1, 5, 1).parts()

    assert part.segments == ()
    assert part.until == pytest.approx(6.4, abs=CLOSE)


def silent_if_short(asked: Asked, text: list[int]) -> Said:
    is_short = asked.seconds < LONGEST_SECONDS
    return Said(text, logprob=-1.5 if is_short else -0.9, no_speech_prob=0.7 if is_short else 0.3)


def test_who_is_hard_to_understand_is_not_taken_for_silence(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda asked: silent_if_short(asked, tokens(0.0, " Hello.", 5.0)))

    assert [text for text, _, _ in times(made.transcription(0, 5))] == [" Hello."]


def test_where_nobody_was_heard_the_model_is_believed_that_it_is_silent(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda asked: silent_if_short(asked, tokens(0.0, " Hello.", 5.0)))

    assert times(made.transcription(0, 5, options=Options(vad_filter=False))) == []
    assert len(made.model.asked) == 1


def test_text_of_spaces_is_no_segment(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " ", 1.0, 1.0, " Hello.", 5.0)))

    assert times(made.transcription(0, 5)) == close((" Hello.", 1, 5))


# ---- what is said again and again ----------------------------------------------------------------------------------

CHANTED = (1, 1.2, 0.5, 1.2, 0.5, 1.2, 0.5, 1.2, 1)
"""Four times 1.2 s of speech with 0.5 s between: one window of 7 s."""
HALF_A_CHANT = 10
"""Seconds that a half of it is decoded in, with all margins."""


def chant(*, whole: Said, half: Said) -> Say:
    return lambda asked: whole if asked.seconds > HALF_A_CHANT else half


def test_it_is_looked_for_where_a_text_is_short(studio: MakeStudio, tokens: Tokens) -> None:
    whole, half = Said(tokens(0.3, " Go.", 6.0), logprob=-0.5), Said(tokens(0.3, " Go.", 3.0), logprob=-0.3)
    made = studio(chant(whole=whole, half=half))

    heard = times(made.transcription(*CHANTED))

    assert [text for text, _, _ in heard] == [" Go.", " Go."]
    assert [start for _, start, _ in heard] == pytest.approx([1, 4.4], abs=0.3)


@pytest.mark.parametrize(
    ("half", "logprob"),
    [(" Mumble mumble mumble.", -0.7), (" Go", -0.3)],
    ids=["more, and less likely", "no more"],
)
def test_a_short_text_stays_where_its_halves_say_nothing_better(
    half: str, logprob: float, studio: MakeStudio, tokens: Tokens
) -> None:
    whole = Said(tokens(0.3, " Go, go, go.", 6.0), logprob=-0.5)
    made = studio(chant(whole=whole, half=Said(tokens(0.3, half, 3.0), logprob=logprob)))

    assert [text for text, _, _ in times(made.transcription(*CHANTED))] == [" Go, go, go."]
    assert len(made.model.asked) == 3


def test_a_short_text_that_ends_early_is_compared_as_far_as_it_goes(studio: MakeStudio, tokens: Tokens) -> None:
    """The rest of the window is listened to anyway."""
    whole, half = Said(tokens(0.3, " Go.", 5.2), logprob=-0.5), Said(tokens(0.3, " Go.", 1.3), logprob=-0.3)
    made = studio(chant(whole=whole, half=half))

    heard = times(made.transcription(*CHANTED))

    assert [text for text, _, _ in heard] == [" Go."] * len(heard)
    assert len(heard) > 2


def test_a_short_text_stays_where_its_halves_cannot_be_decoded(studio: MakeStudio, tokens: Tokens) -> None:
    def say(asked: Asked) -> Said:
        if asked.seconds <= HALF_A_CHANT:
            raise RuntimeError("out of memory")
        return Said(tokens(0.3, " Go.", 6.0), logprob=-0.5)

    made = studio(say)

    assert [text for text, _, _ in times(made.transcription(*CHANTED))] == [" Go."]


def test_the_second_half_is_told_what_the_first_one_said(studio: MakeStudio, tokens: Tokens) -> None:
    whole, half = Said(tokens(0.3, " Go.", 6.0), logprob=-0.5), Said(tokens(0.3, " Go.", 3.0), logprob=-0.3)
    made = studio(chant(whole=whole, half=half))

    times(made.transcription(*CHANTED, options=Options(condition_on_previous_text=True)))

    told = [asked.prompt for asked in made.model.asked]
    go = tuple(tokens(" Go."))
    assert [any(prompt[place:][: len(go)] == go for place in range(len(prompt))) for prompt in told] == [
        False, False, True
    ]  # fmt: skip


# ---- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        (0.0, " Hello there.", 2.0, 2.0, " It is me.", 4.0, 4.0, " Bye.", 5.0),
        (0.0, " Good Hel", 2.0, "lo there. It is", 4.0, 4.0, " me.", 5.0),
        (0.0, " Hello there", 2.0, ". It is", 4.0, 4.0, " me.", 5.0),
        (0.0, " Hello.", 1.0, " ", 2.0, " There.", 3.0, 3.0, " Bye.", 5.0),
    ],
    ids=["whole words", "a word in two segments", "a mark in the next segment", "a segment of spaces"],
)
def test_a_segment_has_the_words_that_begin_in_it(
    studio: MakeStudio, tokens: Tokens, said: Sequence[str | float]
) -> None:
    made = studio(lambda _: Said(tokens(*said)))

    segments = list(made.transcription(0, 5, options=Options(words=True)))

    words = [[word.text for word in segment.words] for segment in segments]
    assert "".join(text for texts in words for text in texts).split() == "".join(s.text for s in segments).split()
    assert words[-1] == [segments[-1].text]


# ---- what was not heard --------------------------------------------------------------------------------------------


def test_a_text_that_ends_long_before_the_speech_is_taken_up_again_from_there(
    studio: MakeStudio, tokens: Tokens
) -> None:
    made = studio(
        one_after_another(
            Said(tokens(0.0, " Hello.", 6.0)), Said(tokens(0.0, " Are you there?", 4.0, 4.0, " Bye.", 9.0))
        )
    )

    assert times(made.transcription(0, 15)) == close((" Hello.", 0, 6), (" Are you there?", 6, 10), (" Bye.", 10, 15))
    assert [asked.seconds for asked in made.model.asked] == [20, 15]


@pytest.mark.parametrize(
    "said",
    [(0.0, " Hello.", 14.0), (0.0, " Hello.", 6.0, 6.0, " Bye."), (0.0, " Hello."), (0.0, " Hello.", 0.5)],
    ids=["it ended soon before", "it ended without a time", "it has no time", "it would hardly get on"],
)
def test_a_text_is_not_taken_up_again(studio: MakeStudio, tokens: Tokens, said: Sequence[str | float]) -> None:
    made = studio(one_after_another(Said(tokens(*said))))

    assert list(made.transcription(0, 15))
    assert len(made.model.asked) == 1


# ---- several windows -----------------------------------------------------------------------------------------------


LETTERS = np.random.default_rng(1).choice(list("abcdefghijklmnopqrstuvwxyz    "), 1000)
LONG = "".join(LETTERS.tolist())
"""Text that does not repeat itself."""


def test_a_text_that_was_broken_off_is_taken_up_again_from_its_last_time(studio: MakeStudio, tokens: Tokens) -> None:
    """Some scripts take more tokens than there is room for."""
    long = tokens(0.0, " Hello.", 4.0, 4.0, " Are you there?", 9.0, 9.0, LONG)
    made = studio(one_after_another(Said(long[:320]), Said(tokens(0.0, " Bye.", 6.0))))

    assert times(made.transcription(0, 15)) == close((" Hello.", 0, 4), (" Are you there?", 4, 9), (" Bye.", 9, 15))
    assert len(made.model.asked) == 2


@pytest.mark.parametrize(
    "broken_off",
    [
        (0.0, " Hello.", 4.0, 4.0, " Bye, bye, bye, bye." * 40),
        (0.0, " Hello.", 0.6, 0.6, LONG),
        (0.0, LONG),
    ],
    ids=["it is in a loop", "it hardly got on", "it has no time"],
)
def test_a_text_that_was_broken_off_is_doubted_where(
    studio: MakeStudio, tokens: Tokens, broken_off: Sequence[str | float]
) -> None:
    said = tokens(*broken_off)[:320]
    made = studio(one_after_another(Said(said), Said(tokens(0.0, " Hello there.", 14.0))))

    assert times(made.transcription(0, 15)) == close((" Hello there.", 0, 14))
    assert [asked.beam_size for asked in made.model.asked] == [2, 5]


def test_of_a_text_that_was_broken_off_just_before_the_end_nothing_is_taken_up(
    studio: MakeStudio, tokens: Tokens
) -> None:
    long = tokens(0.0, " Hello.", 4.0, 4.0, " Are you there?", 14.9, 14.9, LONG)
    made = studio(one_after_another(Said(long[:320])))

    assert times(made.transcription(0, 15)) == close((" Hello.", 0, 4), (" Are you there?", 4, 14.9))


def test_words_of_a_text_that_is_taken_up_again_end_with_it(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(
        one_after_another(Said(tokens(0.0, " Hello there.", 6.0)), Said(tokens(0.0, " Are you there? Bye.", 9.0)))
    )

    first, second = made.transcription(0, 15, options=Options(words=True))

    assert first.end <= 6 + CLOSE
    assert 6 <= second.start < second.end <= 15
    assert all(word.start < word.end for segment in (first, second) for word in segment.words)


def test_windows_are_sent_ahead_by_fewer_where_others_send_theirs(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 2.0)))
    alone = made.transcription(0, 1)._windows_ahead
    for _ in range(4):
        line = made.batcher.join(Options(), language=None)
        made.batcher._unsaid[line] = [Entry(line, np.zeros((80, 1), np.float32), 1, 1, 1, attempts(1, whole=False))]

    assert (alone, made.transcription(0, 1)._windows_ahead) == (PLAN.windows_ahead, MOST_GUESSES)


def test_windows_come_in_their_order_though_a_later_one_is_done_earlier(studio: MakeStudio, tokens: Tokens) -> None:
    """The first window is of 20 s, the second of 5 s."""
    later_is_done = threading.Event()

    def say(asked: Asked) -> Said:
        if asked.seconds > 10:
            assert later_is_done.wait(SOON)
            return Said(tokens(0.0, " Hello.", 18.0))
        later_is_done.set()
        return Said(tokens(0.0, " Bye.", 3.0))

    made = studio(say)

    assert [text for text, *_ in times(made.transcription(0, 15, 6, 1, 1))] == [" Hello.", " Bye."]


def test_only_so_many_windows_wait_as_keep_all_lanes_busy(studio: MakeStudio, tokens: Tokens) -> None:
    waiting: list[int] = []

    def say(_: Asked) -> Said:
        with made.batcher._changed:
            waiting.append(len(made.batcher._waiting) + sum(len(step.entries) for step in made.batcher._in_hand))
        return Said(tokens(0.0, " Hello.", 2.0))

    made = studio(say)

    segments = list(made.transcription(*[6, 1] * 20))

    assert len(segments) == 20
    assert max(waiting) <= PLAN.lanes * 2


def test_each_window_is_told_what_was_said_before_it_where_that_is_asked_for(
    studio: MakeStudio, tokens: Tokens
) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 1.0)))
    options = Options(condition_on_previous_text=True, prompt="A talk.")

    list(made.transcription(0, 1, 6, 1, 6, 1, options=options))

    told = [made.vocabulary.text(asked.prompt) for asked in made.model.asked]
    assert told == [" A talk.", " A talk. Hello.", " A talk. Hello. Hello."]


def test_what_is_taken_up_again_is_told_what_was_said_before_it(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(one_after_another(Said(tokens(0.0, " Hello.", 6.0)), Said(tokens(0.0, " Bye.", 9.0))))

    list(made.transcription(0, 15, options=Options(condition_on_previous_text=True)))

    assert [made.vocabulary.text(asked.prompt) for asked in made.model.asked] == ["", " Hello."]


def test_what_could_not_be_relied_on_in_the_end_is_not_told(studio: MakeStudio, tokens: Tokens) -> None:
    """Even if the best of it was not guessed."""
    tries = len(attempts(1, whole=False))
    bad = [Said(tokens(0.0, " Hello.", 1.0), logprob=-2 - attempt) for attempt in range(tries)]
    made = studio(one_after_another(*bad, Said(tokens(0.0, " Bye.", 1.0))))

    list(made.transcription(0, 1, 6, 1, options=Options(condition_on_previous_text=True)))

    assert made.vocabulary.text(made.model.asked[-1].prompt) == ""


def test_what_was_guessed_at_a_high_temperature_is_not_told(studio: MakeStudio, tokens: Tokens) -> None:
    ladder = [Said(tokens(0.0, " Hello.", 1.0), logprob=-3)] * (len(attempts(1, whole=False)) - 1)
    made = studio(one_after_another(*ladder, Said(tokens(0.0, " Hello.", 1.0)), Said(tokens(0.0, " Bye.", 1.0))))

    list(made.transcription(0, 1, 6, 1, options=Options(condition_on_previous_text=True)))

    assert made.model.asked[-2].temperature == 1
    assert made.vocabulary.text(made.model.asked[-1].prompt) == ""


def test_without_being_asked_for_windows_are_told_no_more_than_the_prompt(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 1.0)))

    list(made.transcription(0, 1, 6, 1, options=Options(prompt="A talk.", hotwords="Kubernetes")))

    assert {made.vocabulary.text(asked.prompt) for asked in made.model.asked} == {" Kubernetes A talk."}


# ---- the end -------------------------------------------------------------------------------------------------------


def test_whoever_waits_for_a_window_when_it_is_called_off_waits_no_longer(
    studio: MakeStudio, tokens: Tokens, pool: ThreadPoolExecutor
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def say(_: Asked) -> Said:
        asked.set()
        assert go_on.wait(SOON)
        return Said(tokens(0.0, " Hello.", 5.0))

    transcription = studio(say).transcription(0, 5)
    listening = pool.submit(list, transcription)
    assert asked.wait(SOON)

    transcription.cancel()

    try:
        with pytest.raises(Cancelled):
            listening.result(SOON)
    finally:
        go_on.set()


def test_what_has_ended_can_be_called_off_without_harm(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 5.0)))
    transcription = made.transcription(0, 5)

    assert len(list(transcription)) == 1
    transcription.cancel()

    assert made.batcher._lines == []


def test_nothing_of_a_recording_is_left_when_it_fails(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 5.0)))
    transcription = made.transcription(0, 15, 6, 15, options=Options(max_seconds=20))

    with suppress(Exception):
        list(transcription)

    assert (made.batcher._lines, made.batcher._waiting, made.batcher._unsaid) == ([], [], {})


def test_nothing_of_a_recording_is_left_that_nobody_listens_to(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 5.0)))
    never, unheard = made.transcription(0, 5), made.transcription(0, 5)
    iter(unheard.parts())
    assert len(made.batcher._lines) == 2

    del never, unheard

    assert made.batcher._lines == []


def test_each_token_has_its_probability_where_that_is_asked_for(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Grüße", 2.0, 2.0, " an alle.", 5.0)))

    first, second = made.transcription(0, 6, options=Options(tokens=True))

    for segment in (first, second):
        assert bytes(byte for token in segment.tokens for byte in token.utf8).decode() == segment.text
        assert "".join(token.text for token in segment.tokens if "\ufffd" not in token.text) in segment.text
        assert {round(token.logprob, 3) for token in segment.tokens} == {-0.105}  # ln 0.9
        assert segment.token_ids == tuple(tokens(segment.text))
        assert segment.words == ()


def test_a_segment_says_where_and_how_it_was_heard(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 3.0)))

    (segment,) = made.transcription(10, 4)

    assert segment.window_start == pytest.approx(10 - 0.4, abs=CLOSE)
    assert segment.temperature == 0
    assert segment.token_ids == tuple(tokens(" Hello."))
    assert segment.tokens == ()


def test_a_temperature_that_is_wished_for_is_taken_from_the_start(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hello.", 3.0)))

    (segment,) = made.transcription(0, 4, options=Options(temperature=0.4))

    assert segment.temperature == 0.4
    assert [asked.temperature for asked in made.model.asked] == [0.4]


def test_without_the_filter_all_is_decoded(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda asked: Said(tokens(0.0, " La la.", 3.0), no_speech_prob=0.0))
    options = Options(vad_filter=False)

    parts = list(made.transcription(45, options=options).parts())

    assert parts[-1].until == pytest.approx(45, abs=CLOSE)
    assert len(parts) >= 3
    assert list(made.transcription(45)) == []


def test_without_the_filter_windows_are_still_cut_where_nobody_speaks(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " La la.", 3.0)))

    first, *_ = made.transcription(0, 15, 1, 15, options=Options(vad_filter=False)).parts()

    assert 15 <= first.until <= 16


def test_only_the_language_is_made_out_where_only_that_is_asked_for(studio: MakeStudio, tokens: Tokens) -> None:
    made = studio(lambda _: Said(tokens(0.0, " Hallo.", 3.0)))
    made.model.languages = lambda _: ("de", 0.9)

    transcription = made.transcription(0, 15, 6, 15, 6, 15, options=Options("detect_language"), language=None)

    assert list(transcription) == []
    assert (transcription.language, transcription.languages) == ("de", {"de": 0.9})
    assert made.model.asked == []
    assert len(made.model.encoded_seconds) == 1


def test_a_language_that_is_not_certain_is_made_out_from_more_of_the_recording(studio: MakeStudio) -> None:
    made = studio(lambda _: Said([]))
    guesses = [("nl", 0.4), ("de", 0.3), ("de", 0.3)]
    made.model.languages = lambda _: guesses[len(made.model.encoded_seconds) - 1]

    transcription = made.transcription(0, 15, 6, 15, 6, 15, 6, 15, options=Options("detect_language"), language=None)
    list(transcription)

    assert transcription.language == "de"
    assert len(made.model.encoded_seconds) == MOST_GUESSES


def test_a_recording_in_which_nobody_speaks_has_no_language(studio: MakeStudio) -> None:
    made = studio(lambda _: Said([]))

    transcription = made.transcription(5, options=Options("detect_language"), language=None)

    assert list(transcription) == []
    assert (transcription.language, transcription.languages) == (None, {})


def test_a_short_recording_has_the_likeliest_language_even_where_that_is_not_certain(studio: MakeStudio) -> None:
    made = studio(lambda _: Said([]))
    made.model.languages = lambda _: ("nl", 0.3)

    transcription = made.transcription(0, 3, options=Options("detect_language"), language=None)
    list(transcription)

    assert transcription.language == "nl"
