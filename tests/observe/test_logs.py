"""Logs that can be shown to anybody."""

import errno
import logging
import os
import re
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_api.observe import logs
from whisper_api.observe.logs import shorten_task_ids

ID = "3f2b8c1d9e4a47b6a1c05d7e8f901234"
SHORT = "3f2b…1234"

ids = st.integers(0, 2**128 - 1).map("{:032x}".format)
around = st.text(st.characters(exclude_characters="0123456789abcdef", exclude_categories=["Cs"]), max_size=20)


pytestmark = pytest.mark.usefixtures("logging_restored")


def configure(directory: Path, **changes: Any) -> Path:
    defaults: dict[str, Any] = {
        "directory": directory,
        "file": "w.log",
        "console_level": "INFO",
        "file_level": "INFO",
        "line_format": "[{levelname}] {message}",
        "date_format": "%H:%M",
        "private": True,
        "rotation_when": "H",
        "rotation_interval": 2,
        "rotation_backup_count": 48,
    }
    logs.configure(**(defaults | changes))
    return directory / "w.log"


def test_a_task_id_keeps_four_characters_at_each_end() -> None:
    assert shorten_task_ids(f"Task {ID} is queued.") == f"Task {SHORT} is queued."


@pytest.mark.parametrize(
    "text",
    ["{}", "'{}'", "task_id={}&wait=1", "{}.wav", "/{}/", "{},{}", "job-{}", "{}\n{}", "task_{}", "task_id%3D{}",
     "zu{}x"],
)  # fmt: skip
def test_a_task_id_is_shortened_wherever_it_stands(text: str) -> None:
    assert shorten_task_ids(text.replace("{}", ID)) == text.replace("{}", SHORT)


@given(around, ids, around, ids, around)
@settings(max_examples=50)
def test_no_text_around_an_id_keeps_it_whole(before: str, first: str, between: str, second: str, after: str) -> None:
    shortened = shorten_task_ids(f"{before}{first}.{between}{second}{after}")

    assert first not in shortened
    assert second not in shortened
    assert f"{first[:4]}…{first[-4:]}" in shortened


@given(around)
def test_a_text_without_an_id_stays_as_it_is(text: str) -> None:
    assert shorten_task_ids(text) == text


@pytest.mark.parametrize("text", ["", ID[:31], ID + "0", "a" * 64, ID.upper()])
def test_what_is_no_id_stays_as_it_is(text: str) -> None:
    assert shorten_task_ids(text) == text


def fail(logger: logging.Logger, error: Exception) -> None:
    """Log ``error`` as whoever meets it in the middle of another one's handling would."""
    try:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError(f"because of {cause}") from cause
    except RuntimeError:
        logger.exception("Task %s failed.", ID)


def test_messages_and_tracebacks_have_no_whole_id_in_the_file_and_on_the_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = configure(tmp_path)
    logger = logging.getLogger("whisper_api.test")

    logger.info("Task %s is queued.", ID)
    fail(logger, KeyError(ID))

    for text in (file.read_text(), capsys.readouterr().err):
        assert ID not in text
        assert f"[INFO] Task {SHORT} is queued." in text
        assert f"[ERROR] Task {SHORT} failed." in text


@pytest.mark.parametrize("private", [True, False])
def test_a_traceback_shows_where_an_error_happened_and_not_what_it_says(tmp_path: Path, private: bool) -> None:
    file = configure(tmp_path, private=private)

    fail(logging.getLogger("whisper_api.test"), ValueError("our divorce"))

    text = file.read_text()
    assert "divorce" not in text
    assert "ValueError" in text
    assert "RuntimeError" in text
    assert "test_logs.py" in text
    assert text.index("ValueError") < text.index("RuntimeError")


def test_a_traceback_says_what_the_system_complained_about(tmp_path: Path) -> None:
    file = configure(tmp_path)

    fail(logging.getLogger("whisper_api.test"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "our divorce.wav"))

    assert "OSError: No space left on device" in file.read_text()
    assert "divorce" not in file.read_text()


def test_other_libraries_cannot_name_an_id_either(tmp_path: Path) -> None:
    file = configure(tmp_path)

    logging.getLogger("asyncio").error("Task %s", ID, stack_info=True)

    assert ID not in file.read_text()
    assert SHORT in file.read_text()


def test_without_privacy_mode_ids_are_shown(tmp_path: Path) -> None:
    file = configure(tmp_path, private=False)

    logging.getLogger("whisper_api.test").info("Task %s is queued.", ID)

    assert file.read_text() == f"[INFO] Task {ID} is queued.\n"


def test_request_lines_of_uvicorn_are_not_logged(tmp_path: Path) -> None:
    file = configure(tmp_path, file_level="DEBUG")

    logging.getLogger("uvicorn.access").info("GET /api/v1/status?task_id=%s", ID)

    assert file.read_text() == ""


def test_console_and_file_have_levels_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = configure(tmp_path, console_level="ERROR", file_level="DEBUG")
    logger = logging.getLogger("whisper_api.test")

    logger.debug("small")
    logger.error("large")

    assert file.read_text() == "[DEBUG] small\n[ERROR] large\n"
    assert capsys.readouterr().err == "[ERROR] large\n"


def test_a_file_may_be_quieter_than_the_console(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = configure(tmp_path, console_level="DEBUG", file_level="CRITICAL")

    logging.getLogger("whisper_api.test").debug("small")

    assert file.read_text() == ""
    assert capsys.readouterr().err == "[DEBUG] small\n"


def test_format_and_date_format_are_used(tmp_path: Path) -> None:
    file = configure(tmp_path, line_format="{asctime}|{levelname:>8}|{message}", date_format="%Y~")

    logging.getLogger("whisper_api.test").info("Hello")

    assert re.fullmatch(r"\d{4}~\|    INFO\|Hello\n", file.read_text())


def test_rotation_is_as_it_was_set(tmp_path: Path) -> None:
    configure(tmp_path, rotation_when="midnight", rotation_interval=3, rotation_backup_count=7)

    (handler,) = (each for each in logging.getLogger().handlers if isinstance(each, TimedRotatingFileHandler))
    assert (handler.when, handler.interval, handler.backupCount) == ("MIDNIGHT", 3 * 24 * 3600, 7)


def test_the_directory_is_made(tmp_path: Path) -> None:
    configure(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b" / "w.log").is_file()


def test_a_directory_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()

    with pytest.raises(OSError, match="taken"):
        configure(tmp_path / "taken")


@pytest.mark.parametrize("when", ["S", "M", "H", "D", "W3", "midnight"])
def test_files_that_were_rotated_away_are_listed_whatever_the_rotation(tmp_path: Path, when: str) -> None:
    file = configure(tmp_path, rotation_when=when)
    (handler,) = (each for each in logging.getLogger().handlers if isinstance(each, TimedRotatingFileHandler))
    logging.getLogger("whisper_api.test").info("old")
    handler.doRollover()
    logging.getLogger("whisper_api.test").info("new")

    listed = logs.files(tmp_path, "w.log")

    assert [path.read_text() for path in listed] == ["[INFO] new\n", "[INFO] old\n"]
    assert listed[0] == file


def test_nothing_but_this_programs_log_files_is_listed(tmp_path: Path) -> None:
    ours = ["w.log", "w.log.2026-11-24_05"]
    for name in (*ours, "w.log.bak", "w.log.2026.gz", "other.log", "xw.log", "wxlog", "w.log2"):
        (tmp_path / name).touch()
    (tmp_path / "w.log.2026-11-25").mkdir()

    assert [path.name for path in logs.files(tmp_path, "w.log")] == ours


def test_a_directory_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert logs.files(tmp_path / "nowhere", "w.log") == []
