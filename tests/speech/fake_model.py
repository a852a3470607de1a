"""A stand-in for CTranslate2's Whisper that says what a test wants it to say."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from ctranslate2 import StorageView
from numpy.typing import NDArray

from whisper_api.speech.tokens import TOKENS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Asked:
    """One window that is to be decoded, ``seconds`` long, and how."""

    seconds: float
    prompt: tuple[int, ...]
    temperature: float
    beam_size: int
    company: int


@dataclass(frozen=True, slots=True)
class Said:
    """What the model says to it; ``logprob`` is a mean over the tokens."""

    tokens: Sequence[int]
    logprob: float = -0.1
    no_speech_prob: float = 0.0


class FakeModel:
    """Windows are "encoded" as their loudness, and all that is ``asked`` is kept."""

    def __init__(self, say: Callable[[Asked], Said]) -> None:
        self.asked: list[Asked] = []
        self.encoded_seconds: list[float] = []
        self.languages: Callable[[float], tuple[str, float]] = lambda _: ("en", 0.9)
        self._say = say
        self._lock = threading.Lock()

    def encode(self, features: StorageView, *, to_cpu: bool) -> NDArray[np.float32]:
        assert to_cpu
        sounds = np.asarray(features)
        with self._lock:
            self.encoded_seconds += [sounds.shape[2] / 100] * len(sounds)
        return np.ascontiguousarray(sounds.mean(axis=1)[:, ::2, np.newaxis])

    def detect_language(self, encoded: StorageView) -> list[list[tuple[str, float]]]:
        language, probability = self.languages(encoded.shape[1] / TOKENS_PER_SECOND)
        return [[(f"<|{language}|>", probability)]]

    def generate(
        self,
        encoded: StorageView,
        prompts: Sequence[Sequence[int]],
        *,
        beam_size: int,
        sampling_temperature: float,
        num_hypotheses: int,
        **_: Any,
    ) -> list[SimpleNamespace]:
        temperature = sampling_temperature if num_hypotheses > 1 else 0.0
        seconds = encoded.shape[1] / TOKENS_PER_SECOND
        results = []
        for prompt in prompts:
            asked = Asked(seconds, tuple(prompt), temperature, beam_size, len(prompts))
            with self._lock:
                self.asked.append(asked)
            said = self._say(asked)
            results.append(
                SimpleNamespace(
                    sequences_ids=[list(said.tokens)], scores=[said.logprob], no_speech_prob=said.no_speech_prob
                )
            )
        return results

    def align(
        self, encoded: StorageView, _: Sequence[int], texts: Sequence[Sequence[int]], frames: int
    ) -> list[SimpleNamespace]:
        """Every token takes as long as any other."""
        [tokens] = texts
        places = np.linspace(0, frames // 2 - 1, len(tokens) + 1).astype(int)
        return [SimpleNamespace(alignments=list(enumerate(places.tolist())), text_token_probs=[0.9] * len(tokens))]
