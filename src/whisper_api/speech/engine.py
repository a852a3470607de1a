"""The face of the room: a loaded model that turns recordings into text, many at a time.

engine = Engine.load(weights.in_starter())
for segment in engine.transcribe("talk.mp3"):
    print(f"{segment.start:7.2f} {segment.text}")
"""

import logging
import weakref

import numpy as np
from ctranslate2.models import Whisper
from faster_whisper import WhisperModel

from whisper_api.speech import audio, memory, variables
from whisper_api.speech.batcher import Batcher
from whisper_api.speech.decoder import Decoder
from whisper_api.speech.devices import CPU, Device
from whisper_api.speech.encoder import Encoder, PlainEncoder
from whisper_api.speech.errors import NoModel, UnsupportedRequest
from whisper_api.speech.features import LogMel
from whisper_api.speech.lanes import Lanes
from whisper_api.speech.languages import NAMES
from whisper_api.speech.models import MB
from whisper_api.speech.options import Options
from whisper_api.speech.plan import Plan, plan_for
from whisper_api.speech.processor import has_amx
from whisper_api.speech.silero import CompiledSilero, PlainSilero, Silero
from whisper_api.speech.tokens import Vocabulary
from whisper_api.speech.transcription import Parts, Transcription
from whisper_api.speech.voice import VoiceDetector
from whisper_api.speech.weights import Weights

logger = logging.getLogger(__name__)

_AS_IT_IS = Options()

_HEARD_FRAMES = 1280  # a short recording's, which the encoder is prepared for already
_FARTHEST_APART = 0.5  # as a part of what is heard: bfloat16 and int8 are 0.05 apart, what was heard of other noise 0.6


class Engine:
    """A model in memory. :meth:`transcribe` may be called from many threads: what they send is done together.

    It closes itself when neither it nor any transcription is used any more, and at the end of the program.
    """

    def __init__(
        self, model: WhisperModel, encoder: Encoder, silero: Silero, *, name: str, compute_type: str, translates: bool,
        plan: Plan,
    ) -> None:  # fmt: skip
        self.name = name
        self.compute_type = compute_type
        self.plan = plan
        self._translates = translates
        vocabulary = Vocabulary(model.hf_tokenizer, multilingual=model.model.is_multilingual)
        self._languages = [language for language in model.supported_languages if vocabulary.knows(language)]
        batcher = Batcher(plan)

        def forget() -> None:
            try:
                silero.forget()
            finally:
                encoder.forget()

        self._parts = Parts(VoiceDetector(silero), LogMel(model.model.n_mels), vocabulary, batcher, plan)
        decoder = Decoder(model.model, vocabulary)
        lanes = Lanes(batcher, encoder, decoder, vocabulary, count=plan.lanes, forget=forget)
        # A lane that is in native code when the interpreter ends would crash it.
        self._end = weakref.finalize(self._parts, _end, batcher, lanes)

    @classmethod
    def load(cls, weights: Weights, device: Device = CPU, *, plan: Plan | None = None) -> "Engine":
        """Load ``weights``. Raises NoModel."""
        given, plan = plan, plan or plan_for(device)
        try:
            model = WhisperModel(
                str(weights.path or weights.name),
                device=device.kind,
                compute_type=device.compute_type,
                cpu_threads=plan.threads,
                num_workers=plan.lanes,
                files=weights.files,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise NoModel(f"The model {weights.name} could not be loaded: {error}") from error
        official = weights.model
        translates = model.model.is_multilingual and (official is None or official.translates)
        encoder = encoder_for(model.model, weights, device, plan)
        compute_type = device.compute_type
        if not isinstance(encoder, PlainEncoder):
            compute_type += ", encoder bfloat16"
        elif given is None:
            plan = plan_for(device, amx=False)
        silero = silero_for(encoder, plan)
        return cls(
            model, encoder, silero, name=weights.name, compute_type=compute_type, translates=translates, plan=plan
        )

    def transcribe(self, recording: audio.Recording, options: Options = _AS_IT_IS) -> Transcription:
        """The text of ``recording``, a path or the descriptor of an open file; computed as it is asked for.

        Raises UnsupportedRequest, and Cancelled once the engine is closed.
        """
        self.check(options)
        choice = [language for language in self._languages if language in options.languages] or self._languages
        only = choice[0] if len(choice) == 1 else None
        return Transcription(self._parts, recording, options, language=options.language or only)

    def check(self, options: Options) -> None:
        """Raise UnsupportedRequest if the model cannot do what ``options`` ask for."""
        if options.task == "translate" and not self._translates:
            raise UnsupportedRequest(
                f"The model {self.name} cannot translate. Ask for a transcription, or have the server's MAX_MODEL set "
                "to a multilingual model other than turbo."
            )
        if options.language and options.language not in self._languages:
            raise UnsupportedRequest(
                f"The model {self.name} does not know {NAMES[options.language]}. "
                "Leave the language out, or have the server's MAX_MODEL set to a multilingual model."
            )

    def close(self) -> None:
        """Call off whatever is being transcribed, and wait until the threads have ended: a few seconds at most."""
        self._end()


def encoder_for(model: Whisper, weights: Weights, device: Device, plan: Plan) -> Encoder:
    """The fastest encoder of ``model``, whose ``weights`` these are.

    Processors with AMX are faster with OpenVINO, which computes all of it in bfloat16, than with CTranslate2, whose
    attention is in float32; all others are not (docs/benchmarks.md).
    """
    if device.kind == "cpu" and has_amx():
        try:
            from whisper_api.speech.graph import BYTES_A_WEIGHT, GraphEncoder

            found = variables.read(weights.binary)
            needed = BYTES_A_WEIGHT * sum(one.size for name, one in found.items() if name.startswith("encoder/"))
            if needed <= (free := memory.at_hand()):
                encoder = GraphEncoder(found, lanes=plan.lanes, threads=plan.threads)
                if _agree(encoder, PlainEncoder(model), mels=model.n_mels):
                    return encoder
                trouble = "it and CTranslate2 do not agree on what they hear"
            else:
                trouble = f"it needs {needed // MB} MB, and {free // MB} MB are free"
        except (variables.UnknownFormat, ImportError, OSError, RuntimeError) as error:
            trouble = str(error)
        logger.warning("OpenVINO is not used, so this is slower than it could be: %s.", trouble)
    return PlainEncoder(model)


def _agree(one: Encoder, other: Encoder, *, mels: int) -> bool:
    """Whether they hear the same in noise, but for how exactly they compute. They have forgotten it then."""
    noise = np.random.default_rng(1).standard_normal((mels, _HEARD_FRAMES), np.float32)
    try:
        heard, expected = (encoder.encode([noise.copy()]) for encoder in (one, other))
    finally:
        one.forget()
        other.forget()
    if [encoded.shape for encoded in heard] != [encoded.shape for encoded in expected]:
        return False
    apart = np.linalg.norm(heard[0] - expected[0]) / np.linalg.norm(expected[0])
    return bool(apart <= _FARTHEST_APART)  # which nothing is that is no number


def silero_for(encoder: Encoder, plan: Plan) -> Silero:
    """Silero's network on OpenVINO where ``encoder`` is, which is faster; else on the library that is loaded sooner."""
    if isinstance(encoder, PlainEncoder):
        return PlainSilero()
    try:
        return CompiledSilero(lanes=plan.lanes, threads=plan.threads)
    except (ImportError, OSError, RuntimeError) as error:
        logger.warning("Voice activity is told without OpenVINO, which is slower: %s.", error)
        return PlainSilero()


def _end(batcher: Batcher, lanes: Lanes) -> None:
    batcher.close()
    lanes.join()
