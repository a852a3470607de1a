"""What a terminal shows."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.progress import Progress

from tests.cli.fakes import recording
from whisper_api.cli.bars import Bars, columns, shortened
from whisper_api.cli.display import Lines, clock

WIDTH = 80


class Terminal:
    """Bars on a terminal that can be read."""

    def __init__(self, *, recordings: int = 1, width: int = WIDTH) -> None:
        self.width = width
        console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
        self.progress = Progress(*columns(), console=console, expand=True, auto_refresh=False)
        self.bars = Bars(self.progress, recordings=recordings)

    @property
    def shown(self) -> list[str]:
        """The bars as they are now."""
        console = Console(file=io.StringIO(), width=self.width, color_system=None)
        with console.capture() as captured:
            console.print(self.progress.get_renderable())
        return captured.get().splitlines()


def test_a_bar_tells_how_far_a_recording_is_and_how_long_the_rest_takes() -> None:
    terminal = Terminal()

    with terminal.bars.watch(recording("talk.mp3")) as watch:
        assert terminal.shown[0].startswith("talk.mp3 ")
        watch.waits("place 3 in the queue")
        assert terminal.shown[0].endswith(" place 3 in the queue")
        watch.advances(0.52, seconds_left=83.4)
        assert terminal.shown[0].endswith(" 52 %     1:23 left")
        assert "━" in terminal.shown[0]
        assert len(terminal.shown[0]) == WIDTH

    assert terminal.shown == []


def test_several_recordings_have_a_bar_for_all_of_them() -> None:
    terminal = Terminal(recordings=3)

    with terminal.bars.watch(recording("a.mp3")), terminal.bars.watch(recording("b.mp3")):
        assert [line.split()[0] for line in terminal.shown] == ["3", "a.mp3", "b.mp3"]
        assert terminal.shown[0].endswith(" 0 done")
    assert terminal.shown[0].endswith(" 2 done")


def test_a_name_is_no_markup() -> None:
    terminal = Terminal()

    with terminal.bars.watch(recording("[red]a[bold] :smile:.mp3")):
        assert terminal.shown[0].startswith("[red]a[bold] :smile:.mp3")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_all_bars_fit_into_the_width_of_the_terminal_with_all_that_they_say(width: int) -> None:
    terminal = Terminal(recordings=2, width=width)

    with terminal.bars.watch(recording("x" * 200 + ".mp3")) as one, terminal.bars.watch(recording("会議" * 99)) as two:
        one.advances(0.5, seconds_left=36_000)
        two.waits("place 1000 in the queue")
        assert [cell_len(line) for line in terminal.shown] == [width] * 3
        assert [line.split()[-1] for line in terminal.shown] == ["done", "left", "queue"]


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    assert shortened("interview with the mayor, second part.mp3", 20) == "interview wit…rt.mp3"
    assert shortened("talk.mp3", 20) == "talk.mp3"


@given(st.text(st.characters(blacklist_categories=("Cc", "Cs"))), st.integers(8, 40))
def test_a_shortened_name_is_never_too_wide(name: str, width: int) -> None:
    assert cell_len(shortened(name, width)) <= width


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")]
)
def test_durations_are_shown_as_players_do(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_a_pipe_gets_lines_and_nothing_that_moves(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(quiet=False)

    lines.remark("Loading the model …")
    with lines.watch(recording("a.mp3")) as watch:
        watch.advances(0.5)
    lines.say("a.mp3 → a.txt")
    lines.complain("b.mp3: No.")

    assert capsys.readouterr() == ("", "a.mp3 → a.txt\nb.mp3: No.\n")


def test_who_wants_quiet_hears_complaints_alone(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(quiet=True)

    lines.say("a.mp3 → a.txt")
    lines.complain("b.mp3: No.")

    assert capsys.readouterr() == ("", "b.mp3: No.\n")
