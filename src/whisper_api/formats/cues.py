"""Subtitles, whatever the file that they are written to."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from whisper_api.formats.customs import line_width
from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.formats.lines import balanced
from whisper_api.formats.screens import FRAME_SECONDS, screens
from whisper_api.formats.timeline import Said, Timeline
from whisper_api.transcript import Segment

LINE_COUNT = 2


class WordsUnknown(ValueError):
    """Words shall be highlighted, and it is not known when they are said."""


@dataclass(frozen=True, slots=True)
class Cue:
    """``lines`` that are shown from ``start`` to ``end``, in seconds on the recording's clock.

    ``spoken`` has for each line the characters, from one up to another, of the word that is being spoken. It is empty
    if there is none.
    """

    start: float
    end: float
    lines: tuple[str, ...]
    spoken: tuple[tuple[int, int], ...] = ()

    def written(self, escape: Callable[[str], str], underline: tuple[str, str]) -> list[str]:
        """The lines in a format: ``escape`` writes text, ``underline`` stands around the word that is being spoken."""
        if not self.spoken:
            return [escape(line) for line in self.lines]
        before, after = underline
        return [
            escape(line[:begin])
            + (before + escape(line[begin:end]) + after if end > begin else "")
            + escape(line[end:])
            for line, (begin, end) in zip(self.lines, self.spoken, strict=True)
        ]


def cues(segments: Iterable[Segment], layout: Layout = AS_USUAL) -> list[Cue]:
    """Everything that was said, as subtitles: in order, without overlaps, each with a text.

    By default that is two lines of as many columns as readers are used to. A line is wider only where one word is.

    Raises WordsUnknown if words shall be highlighted and none has times. What is said where only some have is shown
    without.
    """
    timeline = Timeline(segments)
    if layout.highlight_words and not timeline.has_words:
        raise WordsUnknown("To highlight words their times must be known. Ask for words when you send the recording.")
    width = layout.max_line_width or line_width(timeline.text)
    line_count = layout.max_line_count or LINE_COUNT
    found: list[Cue] = []
    for screen in screens(timeline, width, line_count):
        places = balanced(screen.row, width, line_count)
        cue = Cue(screen.start, screen.end, tuple(timeline.text[begin:end] for begin, end in places))
        found += _word_by_word(cue, places, timeline.said) if layout.highlight_words else [cue]
    return found


def _word_by_word(cue: Cue, places: Sequence[tuple[int, int]], words: Sequence[Said]) -> Iterator[Cue]:
    """The cue, whose lines stand at ``places`` of the text, once for each of its words and each pause between them."""
    shown = cue.start
    first = bisect_right(words, places[0][0], key=_end)
    for index in range(first, bisect_left(words, places[-1][1], lo=first, key=_begin)):
        word = words[index]
        if not word.is_word:
            continue
        start = max(word.start, shown)
        end = word.stop if cue.end - word.stop >= FRAME_SECONDS else cue.end
        if end - start < FRAME_SECONDS:
            continue
        if start - shown >= FRAME_SECONDS:
            yield replace(cue, start=shown, end=start)
            shown = start
        spoken = tuple((_within(word.begin, *place), _within(word.end, *place)) for place in places)
        yield replace(cue, start=shown, end=end, spoken=spoken)
        shown = end
    if shown < cue.end:
        yield replace(cue, start=shown)


def _begin(word: Said) -> int:
    return word.begin


def _end(word: Said) -> int:
    return word.end


def _within(character: int, begin: int, end: int) -> int:
    """Where ``character`` of the text is in its line from ``begin`` to ``end``, or which end of it is nearest."""
    return min(max(character, begin), end) - begin
