"""The face of the room: a loaded model that turns recordings into text.

weights = find(candidates(named("base")), ask_hub=True)
engine = Engine.load(weights, CPU, threads=4)
with open("talk.mp3", "rb") as recording:
    info, segments = engine.transcribe(recording.fileno(), Options())
    print("".join(segment.text for segment in segments))
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from faster_whisper import WhisperModel

from whisper_api.speech import audio
from whisper_api.speech.devices import Device
from whisper_api.speech.errors import NoModel, UnreadableRecording, UnsupportedRequest
from whisper_api.speech.languages import NAMES
from whisper_api.speech.options import Options
from whisper_api.speech.weights import Weights
from whisper_api.transcript import Segment


@dataclass(frozen=True, slots=True)
class Info:
    """What is known before the first segment; ``duration`` in seconds."""

    language: str
    language_probability: float
    duration: float


class Engine:
    """A model in memory. One recording at a time; use one engine from one thread."""

    def __init__(self, model: WhisperModel, *, name: str, translates: bool) -> None:
        self._model = model
        self.name = name
        self._translates = translates

    @classmethod
    def load(cls, weights: Weights, device: Device, *, threads: int = 0) -> "Engine":
        """Load ``weights``; ``threads`` of the CPU, 0 for CTranslate2's own choice. Raises NoModel."""
        try:
            model = WhisperModel(
                str(weights.path or weights.name),
                device=device.kind,
                compute_type=device.compute_type,
                cpu_threads=threads,
                files=weights.files,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise NoModel(f"The model {weights.name} could not be loaded: {error}") from error
        official = weights.model
        translates = model.model.is_multilingual and (official is None or official.translates)
        return cls(model, name=weights.name, translates=translates)

    def transcribe(self, recording: int, options: Options) -> tuple[Info, Iterator[Segment]]:
        """Decode the open file ``recording``; segments are computed as they are asked for.

        Raises UnreadableRecording and UnsupportedRequest.
        """
        self._refuse_what_the_model_lacks(options)
        sound = bytearray()
        for piece in audio.decode(recording, max_seconds=options.max_seconds):
            sound += piece.tobytes()
        if not sound:
            raise UnreadableRecording(audio.NO_SOUND)
        samples = np.frombuffer(sound, np.float32)
        segments, info = self._model.transcribe(samples, task=options.task, language=options.language, vad_filter=True)
        duration = len(samples) / audio.SAMPLE_RATE
        return Info(info.language, info.language_probability, duration), (
            Segment(
                start=min(segment.start, duration),
                end=min(segment.end, duration),
                text=segment.text,
                avg_logprob=segment.avg_logprob,
                compression_ratio=segment.compression_ratio,
                no_speech_prob=segment.no_speech_prob,
            )
            for segment in segments
        )

    def _refuse_what_the_model_lacks(self, options: Options) -> None:
        if options.task == "translate" and not self._translates:
            raise UnsupportedRequest(
                f"The model {self.name} cannot translate. Ask for a transcription, or have the server's MAX_MODEL set "
                "to a multilingual model other than turbo."
            )
        if options.language and options.language not in self._model.supported_languages:
            raise UnsupportedRequest(
                f"The model {self.name} does not know {NAMES.get(options.language, options.language)}. "
                "Leave the language out, or have the server's MAX_MODEL set to a multilingual model."
            )
