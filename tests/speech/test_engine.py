"""The whole pipeline with a real model: Whisper base, on the CPU."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ctranslate2.models import Whisper
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from tests.e2e import recordings
from whisper_api.speech import weights
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.batcher import Cancelled, StepFailed
from whisper_api.speech.decoder import Decoder
from whisper_api.speech.devices import CPU
from whisper_api.speech.encoder import Encoded, PlainEncoder
from whisper_api.speech.engine import Engine
from whisper_api.speech.errors import NoModel, TooLong, UnreadableRecording, UnsupportedRequest
from whisper_api.speech.hypothesis import Attempt, Hypothesis
from whisper_api.speech.options import Options
from whisper_api.speech.plan import plan_for
from whisper_api.speech.silero import PlainSilero
from whisper_api.speech.tokens import Vocabulary
from whisper_api.speech.transcription import Part, Transcription
from whisper_api.speech.weights import Weights
from whisper_api.transcript import Segment, joined

PLAN = replace(plan_for(CPU, cores=2), threads=1, decoded_seconds_at_once=48)
"""Short recordings are decoded together; a long one is in small steps and has four windows cut ahead."""

FOX = recordings.sample(recordings.FOX)
COUNTING = recordings.sample(recordings.COUNTING)
COMPANY = [
    recordings.sample(name)
    for name in (
        recordings.COUNTING,
        recordings.HELLO,
        recordings.SPOKEN_BY_A_MACHINE,
        "es/conteo",
        "fr/comptage",
        "it/conteggio",
        "zh/jishu",
    )
]

SOON = 60.0
"""Seconds within which what is done in a second or two is done on a busy machine."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine.load(weights.in_starter(), plan=PLAN)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """37 s in English: two windows."""
    path = tmp_path_factory.mktemp("recordings") / "talk.wav"
    path.write_bytes(recordings.talk(37))
    return path


@pytest.fixture(scope="module")
def heard(engine: Engine, talk: Path) -> list[Part]:
    """What is said in it, with the words' times."""
    transcription = engine.transcribe(talk, Options(words=True))
    parts = list(transcription.parts())
    assert transcription.duration == 37
    return parts


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def text_of(engine: Engine, path: Path, options: Options | None = None) -> str:
    return joined(list(engine.transcribe(path, options or Options()))).lower()


def recorded(path: Path, samples: NDArray[np.float64]) -> Path:
    path.write_bytes(recordings.wav(samples.astype(np.float32), rate=SAMPLE_RATE))
    return path


def parts_of(transcription: Transcription) -> Generator[Part]:
    yield from transcription.parts()


def long_talk(path: Path) -> Path:
    """Four minutes."""
    path.write_bytes(recordings.talk(240))
    return path


def listened_to(transcription: Transcription, pool: ThreadPoolExecutor) -> "Future[None]":
    """Read on in the background; its first words are there."""
    heard = threading.Event()

    def listen() -> None:
        for _ in transcription:
            heard.set()

    listening = pool.submit(listen)
    assert heard.wait(SOON)
    return listening


# ---- what is said --------------------------------------------------------------------------------------------------


def test_what_is_said_becomes_text(engine: Engine) -> None:
    transcription = engine.transcribe(FOX)
    [segment] = transcription

    assert recordings.overlap(segment.text, recordings.text_of(recordings.FOX)) > 0.8
    assert transcription.language == "en"
    assert transcription.language_probability is not None
    assert transcription.language_probability > 0.5
    assert transcription.duration == pytest.approx(2.89, abs=0.01)
    assert 0 <= segment.start < segment.end <= 2.89
    assert -1 < segment.avg_logprob < 0
    assert segment.words == ()


def test_an_open_file_is_read_as_well_as_one_by_its_path(engine: Engine) -> None:
    with FOX.open("rb") as file:
        assert joined(list(engine.transcribe(file.fileno()))) == joined(list(engine.transcribe(str(FOX))))


def test_the_language_is_made_out(engine: Engine) -> None:
    transcription = engine.transcribe(recordings.sample("fr/comptage"))

    list(transcription)

    assert transcription.language == "fr"


@pytest.mark.parametrize("languages", [("de", "en"), ("yue", "en", "de")])
def test_where_there_is_a_choice_the_language_is_one_of_them(engine: Engine, languages: tuple[str, ...]) -> None:
    transcription = engine.transcribe(recordings.sample("fr/comptage"), Options(languages=languages))

    list(transcription)

    assert set(transcription.languages) == {"de", "en"}
    assert transcription.language == next(iter(transcription.languages))


def test_a_choice_does_not_make_certain_what_is_not(engine: Engine) -> None:
    transcription = engine.transcribe(recordings.sample("fr/comptage"), Options(languages=("de", "en")))

    list(transcription)

    assert transcription.language_probability is not None
    assert transcription.language_probability < 0.1


def test_where_there_is_no_choice_nothing_is_guessed(engine: Engine) -> None:
    transcription = engine.transcribe(recordings.sample("fr/comptage"), Options(languages=("de",)))

    list(transcription)

    assert transcription.languages == {"de": 1.0}
    assert transcription.language_probability is None


def test_where_the_model_knows_none_of_the_choice_it_takes_any(engine: Engine) -> None:
    transcription = engine.transcribe(recordings.sample("fr/comptage"), Options(languages=("yue",)))

    list(transcription)

    assert transcription.language == "fr"


def test_a_language_that_is_asked_for_is_taken(engine: Engine) -> None:
    transcription = engine.transcribe(COUNTING, Options(language="de"))

    list(transcription)

    assert (transcription.language, transcription.language_probability) == ("de", None)


def test_a_translation_is_in_english(engine: Engine) -> None:
    recording = recordings.sample("fr/bonjour_monde")

    assert "world" in text_of(engine, recording, Options(task="translate"))
    assert "world" not in text_of(engine, recording)


TIMES = np.arange(8 * SAMPLE_RATE) / SAMPLE_RATE
NOTES = np.repeat((262, 294, 330, 349, 392, 392, 440, 440), SAMPLE_RATE)
NO_SPEECH = {
    "silence": np.zeros(len(TIMES)),
    "white noise": 0.1 * np.random.default_rng(7).standard_normal(len(TIMES)),
    "hum": sum(0.1 / n * np.sin(2 * np.pi * 50 * n * TIMES) for n in (1, 2, 3, 5)),
    "clicks": np.where(np.arange(len(TIMES)) % SAMPLE_RATE < 5, 0.9, 0.0),
    "a melody": 0.3 * np.sin(2 * np.pi * NOTES * TIMES) * np.exp(-2 * (TIMES % 1)),
}


@pytest.mark.parametrize("name", NO_SPEECH)
def test_where_nobody_speaks_nothing_is_made_up(engine: Engine, tmp_path: Path, name: str) -> None:
    transcription = engine.transcribe(recorded(tmp_path / "sound.wav", np.asarray(NO_SPEECH[name])))

    assert list(transcription) == []
    assert transcription.language is None
    assert transcription.language_probability is None
    assert transcription.duration == 8


# ---- what is asked for ---------------------------------------------------------------------------------------------


def test_a_prompt_has_a_say_in_how_things_are_written(engine: Engine) -> None:
    in_digits = text_of(engine, COUNTING, Options(prompt="We count: 1, 2, 3, 4, 5, 6, 7."))
    in_words = text_of(engine, COUNTING, Options(prompt="We count: one, two, three, four."))

    assert "9" in in_digits
    assert "nine" in in_words


def test_hotwords_have_a_say_in_how_things_are_spelt(engine: Engine) -> None:
    assert "dawg" in text_of(engine, FOX, Options(hotwords="the quick brown phox jumps over the lazy dawg"))
    assert "dawg" not in text_of(engine, FOX)


def test_a_prompt_of_special_tokens_does_no_harm(engine: Engine, pool: ThreadPoolExecutor) -> None:
    odd = Options(prompt="<|startoftranscript|><|endoftext|>")
    even = Options(prompt="Well")  # as long, so that both are decoded together

    one, other = pool.map(lambda options: text_of(engine, FOX, options), (odd, even), timeout=SOON)

    assert "lazy" in one
    assert "lazy" in other


def test_each_window_can_be_told_what_was_said_before_it(
    engine: Engine, talk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, ...]] = []
    previous = Vocabulary.previous

    def spied(self: Vocabulary, *, hotwords: str, prompt: str, said: Sequence[int] = ()) -> tuple[int, ...]:
        told.append(previous(self, hotwords=hotwords, prompt=prompt, said=said))
        return told[-1]

    monkeypatch.setattr(Vocabulary, "previous", spied)

    parts = list(engine.transcribe(talk, Options(condition_on_previous_text=True, prompt="A talk.")).parts())

    said = [joined(part.segments) for part in parts]
    assert len(said) > 1
    text = engine._parts.vocabulary.text
    assert text(told[0]) == " A talk."
    assert text(told[1]) == f" A talk. {said[0]}"
    assert len(told[1]) > len(engine._parts.vocabulary.spoken(told[1]))  # times are in it
    assert recordings.overlap(said[1], "whisper turns speech into text") > 0.7


def test_every_word_has_its_time(heard: list[Part]) -> None:
    before = 0.0
    for part in heard:
        words = [word for segment in part.segments for word in segment.words]
        assert all("".join(word.text for word in segment.words) == segment.text for segment in part.segments)
        assert all(word.start <= word.end for word in words)
        assert all(earlier.start <= later.start and earlier.end <= later.end for earlier, later in pairwise(words))
        assert before <= words[0].start
        assert words[-1].end <= part.until
        assert all(0 <= word.probability <= 1 for word in words)
        before = part.until


def test_words_are_timed_where_they_are_said(engine: Engine) -> None:
    [segment] = engine.transcribe(COUNTING, Options(words=True, prompt="We count: one, two, three, four."))

    ends = [word.end for word in segment.words]
    assert [word.text.strip(" .,").lower() for word in segment.words[:3]] == ["one", "two", "three"]
    assert ends == pytest.approx(np.linspace(ends[0], ends[-1], len(ends)), abs=0.4)


def test_a_beam_is_searched_where_one_is_asked_for(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    beams: list[int] = []
    decode = Decoder.decode

    def spied(
        self: Decoder,
        encoded: Sequence[Encoded],
        prompts: Sequence[Sequence[int]],
        attempt: Attempt,
        *,
        speech_seconds: float,
    ) -> list[Hypothesis]:
        beams.append(attempt.beam_size)
        return decode(self, encoded, prompts, attempt, speech_seconds=speech_seconds)

    monkeypatch.setattr(Decoder, "decode", spied)

    assert "lazy" in text_of(engine, FOX, Options(beam_size=4))
    assert beams == [4]


# ---- a long recording ----------------------------------------------------------------------------------------------


def test_a_talk_is_heard_from_beginning_to_end(heard: list[Part]) -> None:
    segments = [segment for part in heard for segment in part.segments]

    text = joined(segments).lower().replace(",", "")
    assert text.count("whisper turns speech") == 2
    assert text.count("hello world") == 2
    assert all(segment.start < segment.end for segment in segments)
    assert all(earlier.end <= later.start for earlier, later in pairwise(segments))
    assert segments[-1].end <= 37


def test_parts_come_in_order_and_before_the_recording_is_read_to_its_end(engine: Engine, tmp_path: Path) -> None:
    transcription = engine.transcribe(long_talk(tmp_path / "talk.wav"))
    with closing(parts_of(transcription)) as parts:
        first, second = next(parts), next(parts)

    assert transcription.duration is None
    assert transcription.language == "en"
    assert first.segments[-1].end <= first.until <= second.segments[0].start
    assert second.segments[-1].end <= second.until < 120


# ---- in company ----------------------------------------------------------------------------------------------------


def test_a_recording_in_company_gives_the_text_that_it_gives_alone(engine: Engine, pool: ThreadPoolExecutor) -> None:
    def segments_of(path: Path) -> list[Segment]:
        return list(engine.transcribe(path))

    [alone] = segments_of(FOX)
    [in_company], *others = pool.map(segments_of, [FOX, *COMPANY], timeout=SOON)

    assert in_company.text == alone.text
    assert in_company.avg_logprob == pytest.approx(alone.avg_logprob, abs=1e-2)
    assert (in_company.start, in_company.end) == (alone.start, alone.end)
    assert all(others)
    assert recordings.overlap(joined(others[1]), recordings.text_of(recordings.HELLO)) == 1
    assert recordings.overlap(joined(others[2]), "whisper turns speech into text") == 1


def test_a_short_recording_need_not_wait_for_a_long_one(
    engine: Engine, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    long = engine.transcribe(long_talk(tmp_path / "talk.wav"))
    listening = listened_to(long, pool)

    assert "lazy" in text_of(engine, FOX)

    assert not listening.done()
    long.cancel()
    with pytest.raises(Cancelled):
        listening.result(SOON)


# ---- what goes wrong -----------------------------------------------------------------------------------------------


def test_whoever_calls_it_off_ends_it_and_others_go_on(
    engine: Engine, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    long = engine.transcribe(long_talk(tmp_path / "talk.wav"))
    listening = listened_to(long, pool)
    other = pool.submit(text_of, engine, FOX)

    long.cancel()

    with pytest.raises(Cancelled):
        listening.result(SOON)
    assert "lazy" in other.result(SOON)


def test_what_was_called_off_before_it_began_does_not_begin(engine: Engine) -> None:
    transcription = engine.transcribe(FOX)
    transcription.cancel()

    with pytest.raises(Cancelled):
        list(transcription)


def test_whoever_stops_reading_leaves_no_work_behind(engine: Engine, talk: Path) -> None:
    with closing(parts_of(engine.transcribe(talk))) as parts:
        next(parts)

    assert engine._parts.batcher._lines == []
    assert engine._parts.batcher._waiting == []


def test_a_step_that_fails_fails_only_the_recording_whose_fault_it_is(
    engine: Engine, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = engine._parts.vocabulary.prompt("transcribe", "de")
    decode = Decoder.decode

    def failing(
        self: Decoder,
        encoded: Sequence[Encoded],
        prompts: Sequence[Sequence[int]],
        attempt: Attempt,
        *,
        speech_seconds: float,
    ) -> list[Hypothesis]:
        if german in prompts:
            raise RuntimeError("out of memory")
        return decode(self, encoded, prompts, attempt, speech_seconds=speech_seconds)

    with monkeypatch.context() as patched:
        patched.setattr(Decoder, "decode", failing)
        faulty, sound = (pool.submit(text_of, engine, FOX, Options(language=language)) for language in ("de", "en"))
        with pytest.raises(StepFailed):
            faulty.result(SOON)
        assert "lazy" in sound.result(SOON)

    assert "lazy" in text_of(engine, FOX)


def test_a_file_that_is_not_there_is_named(engine: Engine, tmp_path: Path) -> None:
    transcription = engine.transcribe(tmp_path / "talk.mp3")

    with pytest.raises(FileNotFoundError, match=r"talk\.mp3"):
        list(transcription)


def test_a_file_without_a_single_sample_is_unreadable(engine: Engine, tmp_path: Path) -> None:
    empty = recorded(tmp_path / "empty.wav", np.zeros(0))

    with pytest.raises(UnreadableRecording):
        list(engine.transcribe(empty))


def test_a_recording_that_is_too_long_is_refused(engine: Engine, talk: Path) -> None:
    with pytest.raises(TooLong):
        list(engine.transcribe(talk, Options(max_seconds=30)))


def test_a_language_that_the_model_lacks_is_refused(engine: Engine) -> None:
    with pytest.raises(UnsupportedRequest, match="does not know Cantonese"):
        engine.transcribe(FOX, Options(language="yue"))


def test_what_is_no_model_cannot_be_loaded() -> None:
    with pytest.raises(NoModel, match="The model broken could not be loaded"):
        Engine.load(Weights("broken", files={"model.bin": b"", "config.json": b"{}", "tokenizer.json": b"{}"}))


# ---- forgetting ----------------------------------------------------------------------------------------------------


class EncoderToForget(PlainEncoder):
    def __init__(self, model: Whisper) -> None:
        super().__init__(model)
        self.has_forgotten = threading.Event()

    def forget(self) -> None:
        self.has_forgotten.set()


class SileroToForget(PlainSilero):
    def __init__(self, failure: Exception | None) -> None:
        super().__init__()
        self.failure = failure
        self.has_forgotten = threading.Event()

    def forget(self) -> None:
        self.has_forgotten.set()
        if self.failure:
            raise self.failure


@pytest.mark.parametrize("failure", [None, RuntimeError("It cannot.")])
def test_both_networks_forget_a_recording_even_if_one_fails(model: WhisperModel, failure: Exception | None) -> None:
    encoder, silero = EncoderToForget(model.model), SileroToForget(failure)
    engine = Engine(model, encoder, silero, name="base", compute_type="int8", translates=True, plan=PLAN)

    assert list(engine.transcribe(recordings.sample(recordings.HELLO)))

    assert silero.has_forgotten.wait(SOON)
    assert encoder.has_forgotten.wait(SOON)
    engine.close()


# ---- its own end ---------------------------------------------------------------------------------------------------


@pytest.fixture
def start(model: WhisperModel) -> Iterator[Callable[[], tuple[Engine, list[threading.Thread]]]]:
    """Starts an engine, and tells its threads."""
    engines: list[Engine] = []

    def make() -> tuple[Engine, list[threading.Thread]]:
        before = set(threading.enumerate())
        encoder, silero = PlainEncoder(model.model), PlainSilero()
        engines.append(Engine(model, encoder, silero, name="turbo", compute_type="int8", translates=False, plan=PLAN))
        return engines[-1], [thread for thread in threading.enumerate() if thread not in before]

    yield make
    for engine in engines:
        engine.close()


Start = Callable[[], tuple[Engine, list[threading.Thread]]]


def test_an_engine_that_has_nothing_to_do_ends_its_threads_when_it_is_closed(start: Start) -> None:
    engine, threads = start()
    assert len(threads) == PLAN.lanes

    engine.close()

    assert not any(thread.is_alive() for thread in threads)
    with pytest.raises(Cancelled):
        engine.transcribe(FOX)


def test_an_engine_that_is_closed_calls_off_what_it_does(start: Start, tmp_path: Path) -> None:
    engine, threads = start()
    parts = engine.transcribe(long_talk(tmp_path / "talk.wav")).parts()
    next(parts)

    engine.close()

    with pytest.raises(Cancelled):
        list(parts)
    for thread in threads:
        thread.join(SOON)
    assert not any(thread.is_alive() for thread in threads)


def test_a_model_that_cannot_translate_says_so(start: Start) -> None:
    engine, _ = start()

    with pytest.raises(UnsupportedRequest, match="turbo cannot translate"):
        engine.transcribe(FOX, Options(task="translate"))


@pytest.mark.parametrize(("name", "language"), [(FOX, "en"), (recordings.sample("es/pangrama"), "es")])
def test_a_language_is_detected_among_all_that_there_are(engine: Engine, name: Path, language: str) -> None:
    transcription = engine.transcribe(name, Options("detect_language"))

    assert list(transcription) == []
    assert next(iter(transcription.languages)) == transcription.language == language
    assert len(transcription.languages) == 99
    assert sum(transcription.languages.values()) == pytest.approx(1, abs=0.01)


def test_the_tokens_of_a_real_text_make_it_up(engine: Engine) -> None:
    segments = list(engine.transcribe(recordings.sample("es/pangrama"), Options(tokens=True)))

    assert segments
    for segment in segments:
        assert bytes(byte for token in segment.tokens for byte in token.utf8).decode() == segment.text
        assert all(token.logprob <= 0 for token in segment.tokens)


def test_texts_that_are_drawn_by_lot_are_still_about_the_recording(engine: Engine) -> None:
    assert "fox" in text_of(engine, FOX, Options(temperature=0.2, vad_filter=False))
