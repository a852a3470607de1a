"""Times as files have them."""


def clock(seconds: float, parts: int = 1000) -> tuple[int, int, int, int]:
    """Hours, minutes, seconds, and ``parts`` of a second, rounded. A time before the beginning is the beginning."""
    rest, part = divmod(round(max(seconds, 0) * parts), parts)
    minutes, second = divmod(rest, 60)
    return *divmod(minutes, 60), second, part


def stamp(seconds: float, point: str = ".") -> str:
    """Hours, of which there may be more than 99, minutes, seconds and milliseconds."""
    hours, minutes, second, milliseconds = clock(seconds)
    return f"{hours:02}:{minutes:02}:{second:02}{point}{milliseconds:03}"
