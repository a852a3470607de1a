"""A bar for each recording in hand, on a terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from whisper_api.cli.display import Display, Watch, clock
from whisper_api.cli.inputs import Input, printable

_FRAMES_PER_SECOND = 4  # the processor has better things to do
_LONGEST_STATE = len("place 1000 in the queue")


@contextmanager
def bars(*, recordings: int) -> Iterator[Display | None]:
    """Bars on standard error; None where that is a terminal that cannot move its cursor."""
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    if console.is_dumb_terminal:
        yield None
        return
    progress = Progress(
        *columns(),
        console=console,
        expand=True,
        transient=True,
        refresh_per_second=_FRAMES_PER_SECOND,
        redirect_stdout=False,  # results go there, and nowhere else
    )
    try:
        yield Bars(progress, recordings=recordings)
    finally:
        progress.stop()


def columns() -> tuple[ProgressColumn, ...]:
    """What a bar is made of: the recording's name, the bar, and in words how far it is."""
    return TextColumn("{task.description}", markup=False), BarColumn(bar_width=None), _State(Column(no_wrap=True))


class Bars:
    """Fulfils Display. Where there are several ``recordings``, the first bar is for all of them."""

    def __init__(self, progress: Progress, *, recordings: int) -> None:
        self._progress = progress
        self._console = progress.console
        self._name_width = max(12, self._console.width // 3)
        self._all = progress.add_task(f"{recordings} recordings", total=recordings) if recordings > 1 else None

    def say(self, line: str) -> None:
        self._console.print(line)

    def complain(self, line: str) -> None:
        self._console.print(line, style="red")

    def remark(self, line: str) -> None:
        self._console.print(line, style="dim")

    @contextmanager
    def watch(self, recording: Input) -> Iterator[Watch]:
        name = shortened(printable(recording.path.name) if recording.path else str(recording), self._name_width)
        bar = Bar(self._progress, self._progress.add_task(name, total=None))
        self._progress.start()  # now and not before: the hub's client has bars of its own
        try:
            yield bar
        finally:
            bar.remove()
            if self._all is not None:
                self._progress.advance(self._all)

    @contextmanager
    def pause(self) -> Iterator[None]:
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


class Bar:
    """Fulfils Watch."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def waits(self, why: str) -> None:
        self._progress.update(self._task, total=1, completed=0, state=why)

    def advances(self, progress: float, seconds_left: float | None = None) -> None:
        end = None if seconds_left is None else time.monotonic() + seconds_left
        self._progress.update(self._task, total=1, completed=progress, state=None, end=end)

    def remove(self) -> None:
        self._progress.remove_task(self._task)


class _State(ProgressColumn):
    """How far a recording is and how long the rest takes, or what it waits for; how many recordings are done."""

    def render(self, task: Task) -> Text:
        return Text(self._words(task).rjust(_LONGEST_STATE))

    def _words(self, task: Task) -> str:
        if state := task.fields.get("state"):
            return str(state)
        if task.total is None:
            return "begins"
        if task.total > 1:
            return f"{task.completed:.0f} done"
        end = task.fields.get("end")
        left = task.time_remaining if end is None else max(end - time.monotonic(), 0)
        share = f"{task.percentage:3.0f} %"
        return share if left is None else f"{share}{clock(left):>9} left"


def shortened(name: str, width: int) -> str:
    """``name`` in at most ``width`` columns: its beginning and its end, which say most."""
    if cell_len(name) <= width:
        return name
    end = width // 3
    beginning = set_cell_size(name, width - 1 - end).rstrip()
    ending = ""
    for character in reversed(name):
        if cell_len(character + ending) > end:
            break
        ending = character + ending
    return f"{beginning}…{ending}"
