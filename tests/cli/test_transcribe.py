"""``whisper_api transcribe`` from the command line to the files, without a model."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import FakeEngine, Run, make, sound
from whisper_api.cli import here
from whisper_api.speech.errors import NoModel
from whisper_api.speech.options import Options
from whisper_api.speech.processor import leave_cores_to_lanes


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_recording_becomes_a_text_beside_it(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")

    result = run("transcribe", "talk.wav")

    assert (result.exit_code, result.stdout) == (0, "")
    assert (folder / "talk.txt").read_text() == "This is talk.wav.\n"
    assert re.search(r"^talk\.wav → talk\.txt  0:01 in 0:00 \(\d+\.\dx\)$", result.stderr, re.MULTILINE)
    assert engine.is_closed


def test_a_pipe_is_told_what_was_done_and_that_another_model_was_used(
    run: Run, engine: FakeEngine, folder: Path
) -> None:
    make("a.wav", "b.wav")

    lines = run("transcribe", "a.wav", "b.wav").stderr.splitlines()

    assert lines[0] == "medium is not here: using base."
    assert sorted(line.split(" ")[0] for line in lines[1:]) == ["a.wav", "b.wav"]


def test_who_wants_quiet_is_told_nothing_but_that_another_model_was_used(
    run: Run, engine: FakeEngine, folder: Path
) -> None:
    make("talk.wav")
    Path("old.txt").touch()
    make("old.wav")

    assert run("transcribe", "-q", "talk.wav", "old.wav").output == "medium is not here: using base.\n"


def test_quiet_is_a_matter_of_this_process_alone(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")
    leave_cores_to_lanes()  # as it does itself
    before = dict(os.environ)

    run("transcribe", "-q", "talk.wav")

    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (["-f", "srt"], ["talk.srt"]),
        (["-f", "srt,vtt"], ["talk.srt", "talk.vtt"]),
        (["-f", "srt", "--format", "VTT", "-f", "srt"], ["talk.srt", "talk.vtt"]),
    ],
)
def test_formats_may_be_named_together_or_one_by_one(
    run: Run, engine: FakeEngine, folder: Path, arguments: list[str], made: list[str]
) -> None:
    make("talk.wav")

    assert run("transcribe", *arguments, "talk.wav").exit_code == 0

    assert files(folder) == sorted([*made, "talk.wav"])


def test_all_formats_can_be_had_at_once(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")

    assert run("transcribe", "-f", "all", "talk.wav").exit_code == 0

    assert {"talk.txt", "talk.srt", "talk.vtt", "talk.tsv", "talk.json"} <= set(files(folder))


def test_a_folder_keeps_its_order_elsewhere(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("talks/a.wav", "talks/2024/b.wav")

    assert run("transcribe", "talks", "-o", "texts").exit_code == 0

    assert files(folder / "texts") == ["2024/b.txt", "a.txt"]


def test_what_comes_through_a_pipe_goes_on_through_it(run: Run, engine: FakeEngine, folder: Path) -> None:
    result = run("transcribe", "-", stdin=sound())

    assert (result.exit_code, result.stdout) == (0, "This came through a pipe.\n")
    assert files(folder) == []


def test_a_recording_may_be_read_on_standard_output(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("a.wav", "b.wav")

    result = run("transcribe", "b.wav", "a.wav", "-o", "-")

    assert result.stdout == "This is b.wav.\nThis is a.wav.\n"
    assert files(folder) == ["a.wav", "b.wav"]


def test_an_empty_pipe_is_a_recording_that_failed(run: Run, engine: FakeEngine, folder: Path) -> None:
    result = run("transcribe", "-", stdin=b"")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "standard input: Nothing came through it.\n"
    assert engine.loads == []


def test_what_is_there_is_skipped_and_said_and_needs_no_model(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")
    (folder / "talk.txt").write_text("mine")

    result = run("transcribe", "talk.wav")

    assert result.exit_code == 4
    assert result.stderr == "talk.txt is there already: skipped (--force writes it anew).\n"
    assert (folder / "talk.txt").read_text() == "mine"
    assert engine.loads == []


def test_of_several_formats_those_that_are_missing_are_written(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")
    (folder / "talk.txt").write_text("mine")

    assert run("transcribe", "talk.wav", "-f", "txt,srt").exit_code == 4

    assert (folder / "talk.txt").read_text() == "mine"
    assert (folder / "talk.srt").exists()


def test_force_writes_anew_what_is_there(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")
    (folder / "talk.txt").write_text("mine")

    assert run("transcribe", "--force", "talk.wav").exit_code == 0

    assert (folder / "talk.txt").read_text() == "This is talk.wav.\n"


def test_one_bad_file_stops_no_other(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("a.wav", "c.wav")
    (folder / "b.wav").write_text("no sound at all")

    result = run("transcribe", "a.wav", "b.wav", "c.wav")

    assert result.exit_code == 1
    assert "b.wav: The file could not be read as a recording." in result.stderr
    assert files(folder) == ["a.txt", "a.wav", "b.wav", "c.txt", "c.wav"]


def test_wishes_reach_the_engine(run: Run, engine: FakeEngine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("talk.wav")
    monkeypatch.setenv("BEAM_SIZE", "3")
    monkeypatch.setenv("LANGUAGES", "de en")

    run("transcribe", "talk.wav")
    run(
        "transcribe", "talk.wav", "--force", "-l", "German", "--words", "--prompt", "Grüße", "--hotwords", "Özdemir",
        "--beam-size", "5", "--temperature", "0.5", "--no-vad-filter",
    )  # fmt: skip

    assert engine.options == [
        Options(beam_size=3, languages=("de", "en")),
        Options(
            language="de", languages=("de", "en"), words=True, prompt="Grüße", hotwords="Özdemir", beam_size=5,
            temperature=0.5, vad_filter=False,
        ),
    ]  # fmt: skip


def test_words_are_found_where_they_are_to_be_highlighted(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")

    run("transcribe", "talk.wav", "-f", "srt", "--highlight-words")

    assert engine.options[0].words


def test_the_model_is_the_one_that_a_server_would_take_unless_it_is_named(
    run: Run, engine: FakeEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("talk.wav")

    run("transcribe", "--force", "talk.wav")
    monkeypatch.setenv("MAX_MODEL", "small")
    monkeypatch.setenv("CPU_FALLBACK_MODEL", "base")
    monkeypatch.setenv("USE_GPU_IF_AVAILABLE", "0")
    run("transcribe", "--force", "talk.wav")
    run("transcribe", "--force", "talk.wav", "-m", "starter")
    monkeypatch.setenv("DEVELOP_MODE", "1")
    run("transcribe", "--force", "talk.wav")

    assert engine.loads == [
        (None, "medium", True),
        ("small", "base", False),
        ("starter", "base", False),
        ("smallest", "base", False),
    ]


def test_without_a_model_the_reason_says_what_to_do(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise NoModel("No model is on this machine. Let it reach the hub once.")

    monkeypatch.setattr(here, "load", none)
    make("talk.wav")

    result = run("transcribe", "talk.wav")

    assert result.exit_code == 3
    assert "Let it reach the hub once." in result.stderr
    assert files(folder) == ["talk.wav"]


def test_without_a_server_the_reason_says_so(run: Run, folder: Path) -> None:
    make("talk.wav")

    result = run("transcribe", "talk.wav", "--server", "127.0.0.1:9")

    assert result.exit_code == 3
    assert "The server at http://127.0.0.1:9 cannot be reached" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Missing argument 'FILES...'"),
        (["gone.wav"], "There is no gone.wav."),
        (["talk.wav", "-f", "doc"], "There is no format 'doc'. Those that are: txt, srt, vtt"),
        (["talk.wav", "-l", "klingon"], "Whisper does not know 'klingon'."),
        (["talk.wav", "-m", "huge"], "There is no model 'huge'. It is no directory of a CTranslate2 Whisper model"),
        (["talk.wav", "--beam-size", "0"], "0 is not in the range 1<=x<=20."),
        (["talk.wav", "--temperature", "2"], "2.0 is not in the range 0<=x<=1."),
        (["talk.wav", "--max-line-width", "0"], "A max_line_width of 0 makes no sense."),
        (["talk.wav", "other/talk.wav", "-o", "texts"], "talk.wav and other/talk.wav would both become texts/talk.txt"),
        (["talk.wav", "-o", "talk.wav"], "Directory 'talk.wav' is a file."),
        (["talk.wav", "-o", "talk.wav/texts"], "is no folder to write to"),
        (["talk.wav", "-o", "-", "-f", "txt,srt"], "Standard output takes one format"),
        (["talk.wav", "--server", "ftp://box"], "--server ftp://box is no URL."),
        (["talk.wav", "--server", "http://box:door"], "Port could not be cast"),
        (["talk.wav", "--server", "box", "-m", "base"], "Leave --model or --server out."),
        (["talk.wav", "--translate"], "The model base cannot translate."),
    ],
)
def test_a_command_line_that_makes_no_sense_says_why_and_does_nothing(
    run: Run, engine: FakeEngine, folder: Path, arguments: list[str], reason: str
) -> None:
    make("talk.wav", "other/talk.wav")

    result = run("transcribe", *arguments)

    assert result.exit_code == 2
    assert reason in result.stderr
    assert files(folder) == ["other/talk.wav", "talk.wav"]


def test_a_setting_that_makes_no_sense_says_what_is_accepted(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("talk.wav")
    monkeypatch.setenv("MAX_MODEL", "huge")

    result = run("transcribe", "talk.wav")

    assert result.exit_code == 2
    assert result.stderr.startswith("MAX_MODEL=huge is not accepted. It takes: tiny.en")


def test_signals_are_as_they_were_once_it_is_over(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")
    before = signal.getsignal(signal.SIGTERM)

    run("transcribe", "talk.wav")

    assert signal.getsignal(signal.SIGTERM) is before


def test_what_changes_nothing_in_any_format_is_a_mistake(run: Run, engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")

    result = run("transcribe", "-f", "txt,json", "--max-line-count", "1", "talk.wav")

    assert result.exit_code == 2
    assert "max_line_count changes nothing" in result.stderr
    assert run("transcribe", "-f", "txt,srt", "--max-line-count", "1", "talk.wav").exit_code == 0
