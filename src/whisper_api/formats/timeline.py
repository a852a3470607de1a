"""When each character of a text was said."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from whisper_api.formats.plain import one_line
from whisper_api.formats.unspaced import lacks_space
from whisper_api.transcript import Segment, Word

# Nobody speaks more slowly: a segment of few words that is longer is silent after them.
_SLOWEST_CHARACTERS_PER_SECOND = 2.0
_SHORTEST_SPEECH_SECONDS = 6.0
# What the text may have between two words that are not among them.
_LONGEST_GAP_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Said:
    """Characters ``begin`` to ``end`` of a text, said from ``start`` to ``stop`` seconds: a word or a whole segment."""

    begin: int
    end: int
    start: float
    stop: float
    is_word: bool


class Timeline:
    """The ``text`` of segments on one line, and when it was ``said``: by words where there are any, else by segments.

    Whatever times the segments have, here they ascend. ``has_words`` unless letters were said and no segment has words;
    ``segment_ends`` are the places, counted in characters, where segments end.
    """

    def __init__(self, segments: Iterable[Segment]) -> None:
        self.text, places = _joined(segments)
        self.segment_ends: set[int] = set()
        said: list[Said] = []
        for begin, end, segment in places:
            self.segment_ends.add(end)
            words = list(_found(segment.words, self.text, begin))
            if not words:
                stop = min(segment.end, segment.start + _longest(end - begin))
                words = [Said(begin, end, segment.start, stop, is_word=False)]
            said += words
        self.said = _ascending(said)
        # Marks may be a segment of their own and belong to a word of another.
        self.has_words = any(part.is_word for part in said) or not any(map(str.isalnum, self.text))
        self._begins = [part.begin for part in self.said]

    def start(self, character: int) -> float:
        """When ``character`` begins, in seconds, if those of a part are said at an even pace."""
        return self._time(bisect_right(self._begins, character) - 1, character)

    def stop(self, character: int) -> float:
        """When all before ``character`` has been said, in seconds."""
        return self._time(bisect_left(self._begins, character) - 1, character)

    def _time(self, index: int, character: int) -> float:
        part = self.said[max(index, 0)]
        passed = max(character - part.begin, 0) / (part.end - part.begin)
        # No later than its end, which floats may miss by their last digit, too.
        return min(part.start + passed * (part.stop - part.start), part.stop)


def _longest(characters: int) -> float:
    """How many seconds it may take to say so many ``characters``."""
    return max(characters / _SLOWEST_CHARACTERS_PER_SECOND, _SHORTEST_SPEECH_SECONDS)


def _joined(segments: Iterable[Segment]) -> tuple[str, list[tuple[int, int, Segment]]]:
    """The text of all segments, and the characters that each is from and up to."""
    text, spaced = "", False
    places = []
    for segment in segments:
        plain = one_line(segment.text)
        if plain:
            if text and (spaced or segment.text[0].isspace() or lacks_space(text[-1], plain[0])):
                text += " "
            places.append((len(text), len(text) + len(plain), segment))
            text += plain
            spaced = segment.text[-1].isspace()
    return text, places


def _found(words: Sequence[Word], text: str, begin: int) -> Iterator[Said]:
    """Where ``words`` stand in ``text``; the last may reach into the next segment."""
    for word in words:
        plain = one_line(word.text)
        place = text.find(plain, begin, begin + len(plain) + _LONGEST_GAP_CHARACTERS) if plain else -1
        if place >= 0:
            begin = place + len(plain)
            yield Said(place, begin, word.start, word.end, is_word=True)


def _ascending(said: Sequence[Said]) -> list[Said]:
    """The same parts without overlaps."""
    starts = list(accumulate((part.start for part in said), max))
    ends = [*starts[1:], float("inf")]
    return [
        Said(part.begin, part.end, start, min(max(part.stop, start), end), part.is_word)
        for part, start, end in zip(said, starts, ends, strict=False)
    ]
