"""How text is laid out on a screen."""

from dataclasses import dataclass, fields

WIDEST_LINE = 1000
MOST_LINES = 10


@dataclass(frozen=True, slots=True)
class Layout:
    """At most ``max_line_count`` lines of ``max_line_width`` columns at a time; with None the format decides.

    A column is a Latin letter wide; Chinese characters, kana and emoji take two. With ``highlight_words`` the word
    that is being spoken is underlined, where the format can show it.

    Raises ValueError.
    """

    max_line_width: int | None = None
    max_line_count: int | None = None
    highlight_words: bool = False

    def __post_init__(self) -> None:
        for name, value, most in (
            ("max_line_width", self.max_line_width, WIDEST_LINE),
            ("max_line_count", self.max_line_count, MOST_LINES),
        ):
            if value is not None and not 1 <= value <= most:
                raise ValueError(f"A {name} of {value!r} makes no sense. Take 1 to {most}, or leave it out.")

    @property
    def wishes(self) -> list[str]:
        """The names of what is not as usual."""
        return [each.name for each in fields(self) if getattr(self, each.name) != each.default]


AS_USUAL = Layout()
