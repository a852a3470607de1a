"""However a command is ended, it cleans up."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_as_by_ctrl_c() -> Iterator[None]:
    """Have whoever ends this process by a signal see it clean up, as after Ctrl-C."""

    def interrupt(_: int, frame: FrameType | None) -> None:
        handler = signal.getsignal(signal.SIGINT)  # asyncio's own, while it runs
        if not callable(handler):
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)

    with _restored(*_ENDING):
        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup sets it
                signal.signal(number, interrupt)
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Nothing interrupts what is done here, which is short, and would end in a crash if it were."""
    with _restored(signal.SIGINT, *_ENDING):
        for number in (signal.SIGINT, *_ENDING):
            signal.signal(number, signal.SIG_IGN)
        yield


@contextmanager
def _restored(*numbers: signal.Signals) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
