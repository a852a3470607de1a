"""Text in lines of about the same length."""

from collections.abc import Iterator, Sequence

from whisper_api.formats.cuts import cheapest_parts
from whisper_api.formats.pieces import Piece, pieces
from whisper_api.formats.reluctance import SENTENCE, TURN

# A line more costs more than anything that is gained by it.
_LINE_COST = 1000.0
_RELUCTANCE_COSTS = (0.0, 0.0, 0.1, 0.25, 0.3, 0.4, 1.0)


def balanced(row: Sequence[Piece], line_width: int, line_count: int) -> list[tuple[int, int]]:
    """The lines of a row of pieces, each from a character up to another.

    Each who speaks has lines of his own if these are no more than ``line_count`` then. Else there are no more of them
    than needed, of about the same length, and cut where a reader would pause. Only a piece that is wider itself makes
    a line wider than ``line_width`` columns.
    """
    if any(piece.reluctance == TURN for piece in row[:-1]):
        apart = list(_balanced(row, line_width, together=SENTENCE))
        if len(apart) <= line_count:
            return apart
    return list(_balanced(row, line_width, together=TURN))


def _balanced(row: Sequence[Piece], line_width: int, together: int) -> Iterator[tuple[int, int]]:
    """The same, with breaks at all pieces whose reluctance is less than ``together``."""

    def lines_from(first: int) -> Iterator[tuple[int, float]]:
        taken = 0
        for last in range(first, len(row)):
            piece = row[last]
            taken += piece.width
            if taken > line_width and last > first:
                return
            yield last + 1, _LINE_COST + (taken / line_width) ** 2 + _RELUCTANCE_COSTS[piece.reluctance]
            if piece.reluctance < together:
                return
            taken += piece.space

    for first, end in cheapest_parts(len(row), lines_from):
        yield row[first].begin, row[end - 1].end


def wrapped(text: str, line_width: int) -> list[str]:
    """A text that has single spaces only, in lines."""
    return [text[begin:end] for begin, end in _balanced(pieces(text), line_width, together=TURN)]
