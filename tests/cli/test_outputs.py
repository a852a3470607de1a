"""Where the text of each recording goes, and that it gets there whole or not at all."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.fakes import recording
from whisper_api.cli.inputs import Input
from whisper_api.cli.outputs import Clash, InOrder, Job, make_folders, missing, plan, write
from whisper_api.formats.files import FORMATS

TXT, SRT = FORMATS["txt"], FORMATS["srt"]
STDIN = Input(None, Path("stdin"))


def paths(jobs: list[Job]) -> list[str | None]:
    return [None if output.path is None else str(output.path) for job in jobs for output in job.outputs]


def test_text_goes_beside_its_recording() -> None:
    jobs = plan([recording("talks/a.mp3"), recording("b.wav")], [TXT, SRT], None, stdout=False)

    assert paths(jobs) == ["talks/a.txt", "talks/a.srt", "b.txt", "b.srt"]


def test_another_folder_keeps_the_sub_folders_of_the_one_that_was_named() -> None:
    inputs = [Input(Path("talks/2024/a.mp3"), Path("2024/a.mp3")), recording("elsewhere/b.mp3")]

    assert paths(plan(inputs, [TXT], Path("texts"), stdout=False)) == ["texts/2024/a.txt", "texts/b.txt"]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("a.mp3", "a.txt"),
        ("a.MP3", "a.txt"),
        ("a.v2.mp3", "a.v2.txt"),
        ("meeting 3.15", "meeting 3.15.txt"),
        ("notes.txt", "notes.txt.txt"),
        ("noname", "noname.txt"),
        (".mp3", ".mp3.txt"),
        ("ends with a dot.", "ends with a dot..txt"),
    ],
)
def test_only_the_suffix_of_a_recording_is_replaced(name: str, made: str) -> None:
    assert paths(plan([recording(name)], [TXT], None, stdout=False)) == [made]


def test_what_comes_through_standard_input_goes_to_standard_output_or_to_a_folder() -> None:
    assert paths(plan([STDIN], [TXT], None, stdout=False)) == [None]
    assert paths(plan([STDIN], [TXT, SRT], Path("texts"), stdout=False)) == ["texts/stdin.txt", "texts/stdin.srt"]


def test_standard_output_takes_one_format() -> None:
    assert paths(plan([recording("a.mp3"), recording("b.mp3")], [SRT], None, stdout=True)) == [None, None]
    with pytest.raises(Clash, match="one format at a time"):
        plan([STDIN], [TXT, SRT], None, stdout=False)


def test_two_recordings_that_would_become_one_file_are_refused() -> None:
    with pytest.raises(Clash) as caught:
        plan([recording("talk.mp3"), recording("talk.wav")], [TXT], None, stdout=False)

    assert str(caught.value).startswith("talk.mp3 and talk.wav would both become talk.txt.")


def test_a_folder_is_the_same_by_whatever_way_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    with pytest.raises(Clash, match="would both become"):
        plan([recording(tmp_path / "real/a.mp3"), recording(tmp_path / "link/a.wav")], [TXT], None, stdout=False)


def test_no_text_takes_the_place_of_a_recording() -> None:
    with pytest.raises(Clash, match=r"talk\.txt is a recording itself"):
        plan([recording("talk.mp3"), recording("talk.txt")], [TXT], None, stdout=False)


def test_what_is_there_is_not_to_be_done(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    (tmp_path / "b.srt").symlink_to("nowhere")
    inputs = [recording(tmp_path / "a.mp3"), recording(tmp_path / "b.mp3")]

    left, there = missing(plan(inputs, [TXT, SRT], None, stdout=False))

    assert paths(left) == [str(tmp_path / "a.srt"), str(tmp_path / "b.txt")]
    assert there == [tmp_path / "a.txt", tmp_path / "b.srt"]


def test_a_recording_whose_texts_are_all_there_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()

    assert missing(plan([recording(tmp_path / "a.mp3")], [TXT], None, stdout=False)) == ([], [tmp_path / "a.txt"])


def test_folders_are_made(tmp_path: Path) -> None:
    make_folders(plan([Input(Path("a.mp3"), Path("2024/a.mp3"))], [TXT], tmp_path / "texts", stdout=False))

    assert (tmp_path / "texts/2024").is_dir()


def test_a_folder_that_cannot_be_made_is_said_before_anything_begins(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Clash, match="is no folder to write to: Not a directory"):
        make_folders(plan([recording("a.mp3")], [TXT], tmp_path / "file/texts", stdout=False))


def test_a_file_is_written_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "a.srt", "Grüße\r\n你好\n")

    assert (tmp_path / "a.srt").read_bytes() == "Grüße\r\n你好\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.srt"]


def test_a_file_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)

    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write(tmp_path / "a.txt", "new" * 100_000 + "\udcff")

    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_an_interruption_while_a_file_is_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a.txt", "text")

    assert list(tmp_path.iterdir()) == []


def test_a_name_as_long_as_a_name_may_be_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".txt")

    write(path, "text")

    assert path.read_text() == "text"


@given(st.permutations(range(5)))
def test_texts_leave_in_the_order_of_their_recordings_as_soon_as_they_can(order: list[int]) -> None:
    stream = io.BytesIO()
    printed = InOrder(stream, 5)

    for count, index in enumerate(order, start=1):
        printed.put(index, "" if index == 2 else f"{index} ")  # one has failed
        done = set(order[:count])
        ready = next((number for number in range(5) if number not in done), 5)
        assert stream.getvalue().decode() == "".join(f"{number} " for number in range(ready) if number != 2)
