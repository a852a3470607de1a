"""Full stops that end no sentence."""

import regex

# Something follows these: a name, an amount, the rest of a shorter word. Initials and ordinal numbers are among them.
ABBREVIATION = regex.compile(
    r"""
    (?<!\w)
    (?:
        (?: \p{L}\. )+ | (?: \d{1,2}
        | Capt | Col | Dr | Frl? | Gen | Gov | Hrn? | Lt | Maj | Mlle | Mme | Mrs? | Ms | Prof | Rep | Rev | Sen | Sgt
        | Sra? | St | ca | dr | bzw | sog | tzw | vgl | vs
        | EE | Mill? | Mio | Mrd | [Aa]l | [Uu]l
        )\.
    ) $
    """,
    regex.VERBOSE,
)
# A number follows these, or else they end a sentence.
NUMBERED = regex.compile(
    r"""
    (?<!\w)
    (?:
        Jan | Feb | Mar | Mär | Apr | May | Jun | Jul | Aug | Sept? | Oct | Okt | Nov | Dec | Dez
        | Abb | Abs | Abt | Art | Bd | Ch | Fig | Kap | No | Nos | Nr | Pos | Sec | Tab | Tel | Vol | Ziff
        | abs | art | cap | ch | fig | godz | nos? | núm | nr | pp? | págs? | str | vol
    )\. $
    """,
    regex.VERBOSE,
)
# It cannot be known whether these end a sentence. They may be any short word before a number: "on Fri. 13" is one.
PERHAPS = regex.compile(r"(?<!\w)(?:Co|Corp|Inc|Jr|Ltd|UU|etc|usw)\.$")
SHORT = regex.compile(r"(?<!\w)\p{L}{1,4}\.$")
