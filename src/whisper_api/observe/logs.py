"""Logging that can be shown to anybody: no text, no file names, and no task id that could be used."""

import logging
import logging.config
import re
from pathlib import Path

_TASK_ID = re.compile(r"\b([0-9a-f]{4})[0-9a-f]{24}([0-9a-f]{4})\b")


def shorten_task_ids(text: str) -> str:
    """Leave four characters at each end of every task id: enough to follow a task, too few to ask for it."""
    return _TASK_ID.sub(r"\1…\2", text)


class PrivateFormatter(logging.Formatter):
    """Shortens ids in the finished line, so that whoever logs, and whatever fails, cannot forget to."""

    def format(self, record: logging.LogRecord) -> str:
        return shorten_task_ids(super().format(record))


def configure(
    *,
    directory: Path,
    file: str,
    console_level: str,
    file_level: str,
    line_format: str,
    date_format: str,
    private: bool,
    rotation_when: str,
    rotation_interval: int,
    rotation_backup_count: int,
) -> None:
    """Log to the console and to a file that is rotated. Raises OSError where the file cannot be written."""
    directory.mkdir(parents=True, exist_ok=True)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": PrivateFormatter if private else logging.Formatter,
                    "fmt": line_format,
                    "datefmt": date_format,
                    "style": "{",
                }
            },
            "handlers": {
                "console": {"class": "logging.StreamHandler", "level": console_level, "formatter": "line"},
                "file": {
                    "class": "logging.handlers.TimedRotatingFileHandler",
                    "filename": str(directory / file),
                    "when": rotation_when,
                    "interval": rotation_interval,
                    "backupCount": rotation_backup_count,
                    "encoding": "utf-8",
                    "level": file_level,
                    "formatter": "line",
                },
            },
            "root": {"level": "WARNING", "handlers": ["console", "file"]},
            "loggers": {
                "whisper_api": {"level": min(console_level, file_level, key=logging.getLevelName)},
                "uvicorn": {"level": "WARNING", "handlers": [], "propagate": True},
                "uvicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
                # Its lines hold whole addresses, task ids included; the server writes request lines of its own.
                "uvicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
            },
        }
    )


def files(directory: Path, file: str) -> list[Path]:
    """This program's log files: the current one and those that were rotated away, by name."""
    rotated = re.compile(re.escape(file) + r"(\.[0-9_-]+)?")
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if rotated.fullmatch(path.name) and path.is_file())
