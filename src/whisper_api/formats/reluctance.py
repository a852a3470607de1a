"""How bad it is to end a line, or what is on a screen, at some place of a text."""

import regex

from whisper_api.formats.abbreviations import ABBREVIATION, NUMBERED, PERHAPS, SHORT
from whisper_api.formats.unspaced import ends_unspaced

# Before somebody else speaks, at the end of a sentence or of a clause, before a phrase, at any other space, between
# words that belong together, within a word.
TURN, SENTENCE, CLAUSE, PHRASE, SPACE, BOUND, INSIDE = range(7)

_SENTENCE_END = regex.compile(r"[\p{Sentence_Terminal}…][\p{Pe}\p{Pf}\p{Pi}\"']*$")
_CLAUSE_END = regex.compile(r"[,;:،؛、，；：\p{Pd}][\p{Pe}\p{Pf}\p{Pi}\"']*$")
_NUMBER = regex.compile(r"\p{N}")
_ENDS_NUMBER = regex.compile(r"\p{N}$")
_THOUSANDS = regex.compile(r"(?:\p{N}{3}|Mill?|Mio|Mrd|млн|млрд)(?!\w)")
_HYPHEN = regex.compile(r"[-\p{lb=BA}]$")
_GOES_ON = regex.compile(r"\p{Ll}")
_DASH = regex.compile(r"\p{Pd}\ ?+[^\s\d]")
_ASIDE = regex.compile(r"[(\[（]")

# Conjunctions, prepositions and articles, which belong to what follows them.
_LEADING = regex.compile(
    r"""
    (?:
        a | an | and | as | at | because | but | by | for | from | if | in | into | of | on | or | than | that
        | the | to | when | where | which | while | who | with
        | aber | als | am | an | auf | aus | bei | dass | das | dem | den | denn | der | die | ein | eine | einen
        | einer | für | im | mit | nicht | ob | oder | sondern | und
        | von | vor | weil | wenn | wie | zu | zum | zur | über
        | au | aux | avec | ce | dans | de | des | donc | du | elle | en | est | et | il | je | la | le | les | mais
        | ne | ou | par | parce | pour | que | qui | sans | ses | son | sur
        | al | como | con | del | desde | e | el | hasta | los | las | lo | más | ni | o | para | pero | por | porque
        | pues | se | si | sin | su | una | y
        | da | dos | em | mas | na | nos | não | os | um | uma
        | che | di | ed | gli | i | nel | per | perché | più
        | bij | dat | een | het | maar | met | naar | niet | om | op | te | uit | van | voor | want
    ) (?!\w)
    """,
    regex.VERBOSE | regex.IGNORECASE,
)


def reluctance(text: str, begin: int, end: int) -> int:
    """From TURN to INSIDE, of a break after characters ``begin`` to ``end``, which cannot be broken themselves."""
    said = text[begin:end]
    if end == len(text):
        return SENTENCE
    space = text[end] == " "
    if not space and _HYPHEN.search(said):
        return INSIDE
    after = end + space
    if _LEADING.fullmatch(said):
        return BOUND
    # Most words are letters alone, and looking for marks takes time.
    marked = None if said.isascii() and said.isalpha() else _at_marks(text, said, after)
    if marked is not None:
        return marked
    if _ASIDE.match(text, after) or (space and ends_unspaced(said)):
        return CLAUSE
    return PHRASE if _LEADING.match(text, after) else SPACE


def _at_marks(text: str, said: str, after: int) -> int | None:
    """The same if it lies in the marks that ``said`` ends with. What follows begins with the character ``after``."""
    numbered = _NUMBER.match(text, after)
    if ABBREVIATION.search(said) or (numbered and NUMBERED.search(said)):
        return BOUND
    if _ENDS_NUMBER.search(said) and _THOUSANDS.match(text, after):
        return BOUND
    ends = _SENTENCE_END.search(said)
    if ends and not _GOES_ON.match(text, after):
        if _DASH.match(text, after):
            return TURN
        return SPACE if PERHAPS.search(said) or (numbered and SHORT.search(said)) else SENTENCE
    return CLAUSE if ends or _CLAUSE_END.search(said) else None
