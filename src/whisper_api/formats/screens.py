"""What is on a screen at a time, and for how long."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import inf

from whisper_api.formats.customs import reading_seconds
from whisper_api.formats.cuts import cheapest_parts
from whisper_api.formats.pieces import Piece, pieces
from whisper_api.formats.reluctance import INSIDE
from whisper_api.formats.timeline import Timeline

# As subtitlers do it; see for example Netflix's Timed Text Style Guide.
_SHORTEST_SECONDS = 5 / 6
_LONGEST_SECONDS = 7.0
# A screen that is empty for less than this flickers, and what is on it for less than a frame is not seen.
_FLICKER_SECONDS = 0.2
FRAME_SECONDS = 0.04

# What is said later than this after a screen has begun is not on it: nobody shall read what he does not hear yet. The
# word that began before has a second to be said until the screen is at its longest.
_HORIZON_SECONDS = _LONGEST_SECONDS - 1
# Nobody says more in that time. Of a text that has no times, or false ones, all would be tried on the largest screens.
_MOST_COLUMNS = 300

# What a screen costs, and what makes it a bad one: words that are torn apart, a text that fills it while another is
# short, a pause that it spoils, too little time to be read.
_COST = 0.5
_RELUCTANCE_COST = 0.5
_FULL_COST = 0.5
_PAUSE_COST = 1.5
_SHORT_COST = 2.0
_BREATH_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Screen:
    """A row of pieces that is shown from ``start`` to ``end``, in seconds."""

    row: Sequence[Piece]
    start: float
    end: float


def screens(timeline: Timeline, line_width: int, line_count: int) -> Iterator[Screen]:
    """The whole text, cut into screens of at most ``line_count`` lines of ``line_width`` columns.

    They follow one another without overlaps, and each is shown for a frame at least. It stays while it is said and for
    as long as it takes to read it, or until the next one comes; but no longer than anybody looks at it, whatever time
    its last word is said to have taken.
    """
    row = pieces(timeline.text, timeline.segment_ends)
    rows = [row[first:end] for first, end in cheapest_parts(len(row), _costs(row, timeline, line_width, line_count))]
    starts: list[float] = []
    for part in rows:
        start = timeline.start(part[0].begin)
        starts.append(max(start, starts[-1] + FRAME_SECONDS) if starts else start)
    for part, (start, latest) in zip(rows, pairwise([*starts, inf]), strict=True):
        seconds = reading_seconds(timeline.text[part[0].begin : part[-1].end])
        end = max(timeline.stop(part[-1].end), start + max(_SHORTEST_SECONDS, seconds))
        end = min(end, start + max(_LONGEST_SECONDS, seconds))
        yield Screen(part, start, latest if end + _FLICKER_SECONDS > latest else end)


def _costs(
    row: Sequence[Piece], timeline: Timeline, line_width: int, line_count: int
) -> Callable[[int], Iterator[tuple[int, float]]]:
    """What it costs to show the pieces from an index up to another at a time."""
    starts = [*(timeline.start(piece.begin) for piece in row), inf]
    stops = [timeline.stop(piece.end) for piece in row]
    silences = (max(start - stop - _BREATH_SECONDS, 0) for start, stop in zip(starts[1:-1], stops, strict=False))
    pauses = list(accumulate(silences, initial=0.0))
    full_cost = _FULL_COST / (line_width * line_count) ** 2

    def costs(first: int) -> Iterator[tuple[int, float]]:
        lines, taken, total, end, whole = 1, 0, 0, first, False
        while end < len(row):
            piece = row[end]
            if end > first and taken + piece.width > line_width:
                lines, taken = lines + 1, 0
            if lines > line_count or (end > first and starts[end] - starts[first] > _HORIZON_SECONDS):
                break
            if end > first and total + piece.width > _MOST_COLUMNS:
                break
            taken += piece.width + piece.space
            total += piece.width + piece.space
            end += 1
            if piece.reluctance < INSIDE:
                whole = True
                cost = _COST + _RELUCTANCE_COST * piece.reluctance + full_cost * total**2
                cost += _PAUSE_COST * (pauses[end - 1] - pauses[first])
                if starts[end] - starts[first] < _SHORTEST_SECONDS:
                    cost += _SHORT_COST * (_SHORTEST_SECONDS - starts[end] + starts[first])
                yield end, cost
        if not whole:
            yield end, _COST + _RELUCTANCE_COST

    return costs
