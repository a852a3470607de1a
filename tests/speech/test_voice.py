"""Who speaks is told from who does not, and a recording in pieces is heard like one in a piece."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.vad import get_vad_model
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.e2e import recordings
from whisper_api.speech import audio
from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.silero import CompiledSilero, PlainSilero
from whisper_api.speech.voice import FRAME, Sound, VoiceDetector
from whisper_api.speech.windows import cut

Samples = NDArray[np.float32]

LIBRISPEECH = Path(__file__).parents[3] / "shared" / "data" / "librispeech"

NAMES = (
    recordings.FOX,
    recordings.COUNTING,
    recordings.HELLO,
    recordings.SPOKEN_BY_A_MACHINE,
    "hi/pangrama",
    "ja/pangrama",
    "zh/jishu",
)


@pytest.fixture(scope="module", params=["onnxruntime", "OpenVINO"])
def voice(request: pytest.FixtureRequest) -> VoiceDetector:
    if request.param == "onnxruntime":
        return VoiceDetector(PlainSilero())
    pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")
    return VoiceDetector(CompiledSilero(lanes=2, threads=1))


@pytest.fixture(scope="module")
def talk() -> Samples:
    """Some twenty seconds of speech, pauses in it, and a last frame that is not whole."""
    once = recordings.speech(recordings.HELLO, recordings.FOX, rate=SAMPLE_RATE, pause_seconds=0.7)
    return np.tile(once, 4)[:-100]


@pytest.fixture(scope="module")
def at_once(talk: Samples) -> NDArray[np.float32]:
    """What faster-whisper's own detector makes of the whole."""
    silence = np.zeros(2 * FRAME - len(talk) % FRAME, np.float32)  # it overwrites the end of what it is given
    probabilities: NDArray[np.float32] = get_vad_model()(np.concatenate((talk, silence)))
    return probabilities.reshape(-1)[:-1]


def probabilities(sounds: list[Sound]) -> NDArray[np.float32]:
    return np.concatenate([sound.speech for sound in sounds])


def heard(voice: VoiceDetector, samples: Samples) -> NDArray[np.float32]:
    """The frames' probabilities of speech."""
    return probabilities(list(voice.listen(iter([samples.astype(np.float32)]))))


def test_a_recording_in_one_piece_is_heard_as_faster_whisper_hears_it(
    voice: VoiceDetector, talk: Samples, at_once: NDArray[np.float32]
) -> None:
    assert heard(voice, talk) == pytest.approx(at_once, abs=1e-4)


@settings(max_examples=20)
@given(st.lists(st.one_of(st.integers(0, 2 * FRAME), st.integers(0, 40_000)), max_size=12))
def test_a_recording_in_pieces_is_heard_as_in_one(
    voice: VoiceDetector, talk: Samples, at_once: NDArray[np.float32], lengths: list[int]
) -> None:
    pieces = np.split(talk, np.minimum(np.cumsum(lengths, dtype=int), len(talk)))

    sounds = list(voice.listen(iter(pieces)))

    assert probabilities(sounds) == pytest.approx(at_once, abs=1e-4)
    assert np.array_equal(np.concatenate([sound.samples for sound in sounds]), talk)
    assert all(len(sound.samples) == len(sound.speech) * FRAME for sound in sounds[:-1])


def test_two_recordings_at_the_same_time_are_heard_as_each_alone(
    voice: VoiceDetector, talk: Samples, at_once: NDArray[np.float32]
) -> None:
    pieces = np.split(talk, range(5000, len(talk), 5000))
    one, other = voice.listen(iter(pieces)), voice.listen(piece[::-1] for piece in pieces)

    sounds = [sound for sound, _ in zip(one, other, strict=True)]

    assert probabilities(sounds) == pytest.approx(at_once, abs=1e-4)


def test_a_recording_without_a_sample_gives_no_sound(voice: VoiceDetector) -> None:
    assert list(voice.listen(iter(()))) == []
    assert list(voice.listen(iter([np.zeros(0, np.float32)]))) == []


def test_of_a_frame_that_is_cut_off_only_what_is_there_is_given(voice: VoiceDetector) -> None:
    [sound] = voice.listen(iter([np.zeros(10, np.float32)]))

    assert (len(sound.samples), len(sound.speech)) == (10, 1)


@pytest.mark.parametrize("name", NAMES)
def test_speech_is_speech(voice: VoiceDetector, name: str) -> None:
    speech = heard(voice, recordings.speech(name, rate=SAMPLE_RATE, pause_seconds=0))

    assert (speech >= 0.5).mean() > 0.5


@pytest.mark.parametrize("name", NAMES)
def test_speech_that_is_hardly_recorded_is_speech_all_the_same(voice: VoiceDetector, name: str) -> None:
    speech = recordings.speech(name, rate=SAMPLE_RATE, pause_seconds=0)

    quiet = heard(voice, (speech * 0.003).astype(np.float32))

    assert (quiet >= 0.5).mean() == pytest.approx((heard(voice, speech) >= 0.5).mean(), abs=0.1)


@pytest.mark.parametrize("loud", [1, SAMPLE_RATE // 20, 4 * SAMPLE_RATE], ids=["a click", "a knock", "a loud speaker"])
def test_whoever_is_quiet_after_something_loud_is_heard_before_long(voice: VoiceDetector, loud: int) -> None:
    quiet = 0.003 * np.tile(
        recordings.speech(recordings.HELLO, recordings.FOX, rate=SAMPLE_RATE, pause_seconds=0.3), 20
    )
    alone = heard(voice, quiet) >= 0.5
    quiet[:loud] += 0.5 * np.random.default_rng(1).standard_normal(loud)

    beside = heard(voice, quiet) >= 0.5

    assert beside[-len(beside) // 3 :].mean() == pytest.approx(alone[-len(alone) // 3 :].mean(), abs=0.1)


NUMBERS = np.random.default_rng(7)
TIMES = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
NOTES = np.repeat((262, 294, 330, 349, 392, 392, 440, 440, 392, 349), SAMPLE_RATE)
NO_SPEECH = {
    "silence": np.zeros_like(TIMES),
    "white noise": 0.1 * NUMBERS.standard_normal(len(TIMES)),
    "quiet noise": 0.001 * NUMBERS.standard_normal(len(TIMES)),
    "the mains' hum": sum(0.1 / n * np.sin(2 * np.pi * 50 * n * TIMES) for n in (1, 2, 3, 5)),
    "a beep": 0.3 * np.sin(2 * np.pi * 1000 * TIMES),
    "clicks": np.where(np.arange(len(TIMES)) % SAMPLE_RATE < 5, 0.9, 0.0),
    "a melody": 0.3 * np.sin(2 * np.pi * NOTES * TIMES) * np.exp(-2 * (TIMES % 1)),
    "an engine": sum(0.1 / n * np.sign(np.sin(2 * np.pi * 35 * n * TIMES + n)) for n in range(1, 6))
    + 0.03 * NUMBERS.standard_normal(len(TIMES)),
    "waves": 0.1 * NUMBERS.standard_normal(len(TIMES)) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * TIMES)),
    "a dial tone": 0.2 * np.sin(2 * np.pi * 425 * TIMES) * (TIMES % 4 < 1),
}


@pytest.mark.parametrize("sound", NO_SPEECH.values(), ids=NO_SPEECH)
def test_what_is_no_speech_is_not_taken_for_it(voice: VoiceDetector, sound: Samples) -> None:
    speech = heard(voice, sound)

    assert (speech >= 0.3).mean() < 0.01
    assert np.convolve(speech, np.full(31, 1 / 31), "valid").max() < 0.15


@pytest.mark.parametrize("sound", NO_SPEECH.values(), ids=NO_SPEECH)
def test_where_nobody_speaks_there_are_no_windows(voice: VoiceDetector, sound: Samples) -> None:
    assert not any(cut(voice.listen(iter([sound.astype(np.float32)]))))


def telephoned(samples: Samples) -> Samples:
    """What a telephone line leaves of it: 300 to 3400 Hz."""
    spectrum = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    spectrum[(frequencies < 300) | (frequencies > 3400)] *= 0.01
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


@pytest.mark.parametrize("name", [*NAMES, "es/hola_mundo"])
def test_what_is_said_over_a_telephone_line_is_heard(voice: VoiceDetector, name: str) -> None:
    samples = recordings.speech(name, rate=SAMPLE_RATE, pause_seconds=0)

    assert seconds_in_windows(voice, telephoned(samples)) > 0.9 * seconds_in_windows(voice, samples)


@pytest.mark.parametrize("low", [(0.0,), (50.05,), (59.97,), (50.05, 100.1, 150.15)], ids=str)
def test_whoever_speaks_quietly_is_heard_beside_a_hum_or_an_offset(voice: VoiceDetector, low: Sequence[float]) -> None:
    samples = recordings.speech(NAMES[0], rate=SAMPLE_RATE, pause_seconds=0)
    seconds = np.arange(len(samples)) / SAMPLE_RATE
    hum = sum(0.3 / number * np.cos(2 * np.pi * hertz * seconds) for number, hertz in enumerate(low, start=1))
    quiet = samples * (0.003 / np.sqrt(np.mean(samples**2)))

    assert seconds_in_windows(voice, (quiet + hum).astype(np.float32)) > 0.8 * seconds_in_windows(voice, samples)


@pytest.mark.skipif(not LIBRISPEECH.is_dir(), reason="needs ../shared/data beside the checkout")
def test_nobodys_voice_is_lost_on_a_telephone_line(voice: VoiceDetector) -> None:
    for file in sorted(LIBRISPEECH.glob("*.flac")):
        samples = np.concatenate(list(audio.decode(file)))

        assert seconds_in_windows(voice, telephoned(samples)) > 0.8 * seconds_in_windows(voice, samples), file.name


def seconds_in_windows(voice: VoiceDetector, samples: Samples) -> float:
    return sum(window.seconds for window in filter(None, cut(voice.listen(iter([samples])))))
