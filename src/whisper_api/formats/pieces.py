"""A text in the smallest pieces that stay on one line."""

from collections.abc import Container
from dataclasses import dataclass

import regex

from whisper_api.formats.columns import columns
from whisper_api.formats.reluctance import CLAUSE, INSIDE, reluctance
from whisper_api.formats.unspaced import UNSPACED, within_phrases

# A line may end at a space, but for those that French has before its marks and within its quotes, and on one side of
# a dash: it begins what is said where a sentence has ended, else it stays with what is before it. Within a word a line
# may end after a hyphen. Where there are no spaces, it may end between any two characters that the line breaking
# algorithm of Unicode (UAX #14) lets apart, and with full syllables in Burmese, Khmer and Lao.
_PIECE = regex.compile(
    r"""
    \ ?+ ( (?: [[\p{L}\p{M}\p{N}]--UNSPACED]++ | \X )+? )
    (?: $
    | (?=\ )
      (?! \ [!?:;»%€]+ (?:\ |$) | (?<!SENTENCE) \ \p{Pd} \ )
      (?<! (?:^|\ ) « | (?:^|SENTENCE\ ) \p{Pd} )
    | (?<= [\p{L}\p{M}] [\p{Pd}\p{lb=BA}] ) (?=\p{L})
    | (?<! [\ "'\p{Pi}\p{lb=OP}\p{lb=PR}\p{lb=GL}\p{lb=WJ}\p{Logical_Order_Exception}\u1039\u17d2] )
      (?! [\ "'\p{Pf}\p{Pd}\p{M}ฯะาๅๆຯະາຽໆ\p{lb=CL}\p{lb=CP}\p{lb=EX}\p{lb=NS}\p{lb=CJ}\p{lb=IS}\p{lb=IN}\p{lb=PO}
           \p{lb=SY}\p{lb=GL}\p{lb=WJ}\p{lb=BA}\p{lb=HY}] | . [\u1039\u103a] )
      (?: (?=UNSPACED) | (?<=UNSPACED\p{Grapheme_Extend}*) )
    )
    """.replace("UNSPACED", UNSPACED).replace("SENTENCE", r"""[\p{Sentence_Terminal}…"”»]"""),
    regex.VERBOSE | regex.VERSION1,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters ``begin`` to ``end`` of a text, ``width`` columns wide, with or without a ``space`` after them.

    ``reluctance`` says how bad it is to end a line with them.
    """

    begin: int
    end: int
    width: int
    space: bool
    reluctance: int


def pieces(text: str, clause_ends: Container[int] = ()) -> list[Piece]:
    """The pieces of a text that has single spaces only. Together they hold all of it but spaces between them.

    Of ``clause_ends``, counted in characters, it is known that a clause ends there at least.
    """
    phrases = within_phrases(text)
    found = []
    for match in _PIECE.finditer(text):
        begin, end = match.span(1)
        bad = INSIDE if end in phrases else reluctance(text, begin, end)
        if end in clause_ends:
            bad = min(bad, CLAUSE)
        found.append(Piece(begin, end, columns(match[1]), text.startswith(" ", end), bad))
    return found
