"""Which recordings are meant by what stands on a command line."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_api.cli import inputs
from whisper_api.cli.inputs import Input, NoRecordings, Unreceivable, find, printable, receive
from whisper_api.tasks.recording import Shelf


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"sound")


def found(*names: str) -> list[str]:
    return [str(each.path) for each in find(names)]


def test_a_file_that_is_named_is_taken_whatever_its_suffix() -> None:
    make("talk.mp3", "dictation.dat")

    assert find(["dictation.dat", "talk.mp3"]) == [
        Input(Path("dictation.dat"), Path("dictation.dat")),
        Input(Path("talk.mp3"), Path("talk.mp3")),
    ]


def test_a_folder_stands_for_all_audio_and_video_below_it_in_order() -> None:
    make("talks/b.MP3", "talks/a.wav", "talks/2024/c.mkv", "talks/notes.txt", "talks/2024/c.srt")

    assert found("talks") == ["talks/a.wav", "talks/b.MP3", "talks/2024/c.mkv"]


def test_a_file_of_a_folder_knows_its_place_in_it() -> None:
    make("talks/2024/c.mkv")

    assert [each.place for each in find(["talks"])] == [Path("2024/c.mkv")]


def test_what_is_hidden_in_a_folder_is_left_alone() -> None:
    make("talks/.trash/old.mp3", "talks/.hidden.mp3", "talks/a.mp3")

    assert found("talks") == ["talks/a.mp3"]


def test_a_folder_that_leads_in_circles_comes_to_an_end() -> None:
    make("talks/a.mp3")
    Path("talks/again").symlink_to(Path("talks").resolve())

    assert found("talks") == ["talks/a.mp3"]


def test_a_pattern_that_the_shell_has_left_is_expanded() -> None:
    make("b.mp3", "a.mp3", "c.wav", "deep/er/d.mp3")

    assert found("*.mp3") == ["a.mp3", "b.mp3"]
    assert found("**/*.mp3") == ["a.mp3", "b.mp3", "deep/er/d.mp3"]
    assert found("[bc].*") == ["b.mp3", "c.wav"]


def test_a_pattern_may_stand_for_folders() -> None:
    make("week1/a.mp3", "week2/b.mp3")

    assert found("week?") == ["week1/a.mp3", "week2/b.mp3"]


def test_a_file_whose_name_looks_like_a_pattern_is_taken_as_it_is() -> None:
    make("talk [1].mp3", "talk 1.mp3")

    assert found("talk [1].mp3") == ["talk [1].mp3"]


def test_a_recording_that_is_named_twice_is_there_once() -> None:
    make("talks/a.mp3", "talks/b.mp3")

    assert found("talks/b.mp3", "talks", str(Path("talks/a.mp3").resolve())) == ["talks/b.mp3", "talks/a.mp3"]


def test_standard_input_is_there_once() -> None:
    assert find(["-", "-"]) == [Input(None, Path("stdin"))]


def test_everything_that_is_missing_is_said_at_once() -> None:
    make("a.mp3", "empty/notes.txt")
    os.mkfifo("pipe")

    with pytest.raises(NoRecordings) as caught:
        find(["gone.mp3", "a.mp3", "*.ogg", "empty", "pipe"])

    assert str(caught.value).splitlines() == [
        "There is no gone.mp3.",
        "There is no *.ogg.",
        "The folder empty has no audio or video in it.",
        "pipe is not a file. Send what comes out of it through '-'.",
    ]


def test_what_comes_through_standard_input_is_held_in_a_file_that_has_no_name() -> None:
    content = os.urandom(3_000_000)

    with receive(io.BytesIO(content), Shelf(largest=4_000_000, capacity=4_000_000)) as recording:
        assert Input(None, Path("stdin"), recording).source == recording.descriptor
        assert os.pread(recording.descriptor, len(content) + 1, 0) == content
        assert os.readlink(f"/proc/self/fd/{recording.descriptor}").startswith("/memfd:")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "Nothing came through it"), (b"x" * 2_000_001, "larger than the 2 MB of memory")]
)
def test_what_cannot_be_received_holds_no_memory(content: bytes, reason: str) -> None:
    shelf = Shelf(largest=2_000_000, capacity=2_000_000)

    with pytest.raises(Unreceivable, match=reason):
        receive(io.BytesIO(content), shelf)

    assert shelf.held == 0


def test_a_recording_may_take_half_of_what_is_free() -> None:
    assert inputs.shelf().largest == inputs.shelf().capacity > 0


def test_a_name_cannot_play_with_the_terminal() -> None:
    assert printable("a\x1b[31mb\nc\udcff.mp3") == "a�[31mb�c�.mp3"


@given(st.text())
def test_whatever_a_name_is_it_is_shown_on_one_line(name: str) -> None:
    assert len(printable(name)) == len(name)
    assert printable(name).isprintable()
