"""Whisper's tokens: what is put before the text, and the text and times that come out."""

from collections.abc import Sequence
from dataclasses import dataclass

import tokenizers
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from whisper_api.speech.options import Kind

TOKENS_PER_SECOND = 50
"""Positions of the encoder's output a second, and so steps of its timestamps."""

CONTEXT = 448
"""Tokens that the decoder can see, the prompt's and its own."""

_MOST_PREVIOUS = CONTEXT // 2 - 1
_LONGEST_WORD = 16  # tokens


# A vocabulary of bytes writes each as a character that can be seen: itself, or where it cannot be seen one from 256 on
# (https://github.com/openai/gpt-2, encoder.py).
_VISIBLE = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
_HIDDEN = [byte for byte in range(256) if byte not in _VISIBLE]
_BYTES = {chr(byte): byte for byte in _VISIBLE} | {chr(256 + place): byte for place, byte in enumerate(_HIDDEN)}


@dataclass(frozen=True, slots=True)
class Passage:
    """``tokens`` of one stretch of text, without times; ``start`` and ``end`` in seconds of the window."""

    start: float
    end: float
    tokens: tuple[int, ...]


class Vocabulary:
    """The tokens of one model."""

    def __init__(self, tokenizer: tokenizers.Tokenizer, *, multilingual: bool) -> None:
        tokenizer.model._resize_cache(0)  # it would keep words of prompts for ever
        self._tokenizer = tokenizer
        self._multilingual = multilingual
        self._any = self._speaking("transcribe", "en")
        self.suppressed: list[int] = list(get_suppressed_tokens(self._any, [-1]))

    def knows(self, language: str) -> bool:
        """Whether the model was trained on ``language``: only the latest ones have a token for Cantonese."""
        return not self._multilingual or self._tokenizer.token_to_id(f"<|{language}|>") is not None

    def prompt(self, task: Kind, language: str, previous: Sequence[int] = ()) -> list[int]:
        """What stands before the text: ``previous`` text, the language and the task."""
        before = [self._any.sot_prev, *previous] if previous else []
        return [*before, *self._speaking(task, language).sot_sequence]

    def previous(self, *, hotwords: str, prompt: str, said: Sequence[int] = ()) -> tuple[int, ...]:
        """Previous text as tokens: ``hotwords``, then of ``prompt`` and ``said`` the end that there is room for.

        What was ``said`` is tokens with their times: Whisper goes on as it is begun.
        """
        first = self._plain(hotwords)[:_MOST_PREVIOUS]
        return (*first, *self._end([*self._plain(prompt), *said], _MOST_PREVIOUS - len(first)))

    def _end(self, tokens: Sequence[int], most: int) -> Sequence[int]:
        """The last tokens, from where a time or a word begins: what begins with part of a word is gone on with so."""
        if len(tokens) <= most:
            return tokens
        kept = tokens[len(tokens) - most :]
        begins = (place for place, token in enumerate(kept) if token >= self._any.eot or self.utf8(token)[:1] == b" ")
        first = next(begins, 0)
        return kept[first if first <= _LONGEST_WORD else 0 :]  # some scripts have no spaces

    def text(self, tokens: Sequence[int]) -> str:
        """The text of ``tokens``; times and other special tokens are left out."""
        text: str = self._any.decode(list(tokens))
        return text

    def utf8(self, token: int) -> bytes:
        """The bytes that one token of a text stands for."""
        return bytes(_BYTES[character] for character in self._tokenizer.id_to_token(token) or "")

    def spoken(self, tokens: Sequence[int]) -> list[int]:
        """``tokens`` without times and other special ones."""
        return [token for token in tokens if token < self._any.eot]

    def words(self, tokens: Sequence[int], language: str) -> tuple[list[str], list[list[int]]]:
        """The text's words and the tokens of each, and last of all the end of text."""
        tokenizer = self._speaking("transcribe", language)
        words, parts = tokenizer.split_to_word_tokens([*tokens, self._any.eot])
        return words, parts

    def passages(self, tokens: Sequence[int], seconds: float) -> list[Passage]:
        """Text between times, as Whisper's own transcribe() reads it; ``seconds`` of speech are in the window."""
        passages = []
        start, spoken = 0.0, []
        for token in tokens:
            if token < self._any.eot:
                spoken.append(token)
            elif token >= self._any.timestamp_begin:
                time = min((token - self._any.timestamp_begin) / TOKENS_PER_SECOND, seconds)
                if spoken:
                    passages.append(Passage(start, max(time, start), tuple(spoken)))
                    spoken = []
                start = max(time, start)
        if spoken:
            passages.append(Passage(start, max(seconds, start), tuple(spoken)))
        return passages

    def up_to_last_time(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """``tokens`` up to the last time that ends a text, or none of them."""
        for position in range(len(tokens) - 1, 0, -1):
            if tokens[position] >= self._any.timestamp_begin and tokens[position - 1] < self._any.eot:
                return tuple(tokens[: position + 1])
        return ()

    def last_time(self, tokens: Sequence[int]) -> float | None:
        """The time that ends the text, in seconds of the window, or None where it does not end with one."""
        if tokens and tokens[-1] >= self._any.timestamp_begin:
            steps: int = tokens[-1] - self._any.timestamp_begin
            return steps / TOKENS_PER_SECOND
        return None

    def _speaking(self, task: Kind, language: str) -> Tokenizer:
        return Tokenizer(self._tokenizer, self._multilingual, task=task, language=language)

    def _plain(self, text: str) -> list[int]:
        """Only as text: whoever writes ``<|endoftext|>`` gives no orders with it."""
        return self.spoken(self._any.encode(" " + text.strip())) if text.strip() else []
