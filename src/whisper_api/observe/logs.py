"""Logging that can be shown to anybody: no text, no file names, and no task id that could be used."""

import logging
import logging.config
import re
import traceback
from pathlib import Path
from types import TracebackType

SysExcInfoType = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

# Whatever stands around it: an id may follow an underscore, or an escaped sign of an address.
_TASK_ID = re.compile(r"(?<![0-9a-f])([0-9a-f]{4})[0-9a-f]{24}([0-9a-f]{4})(?![0-9a-f])")


def shorten_task_ids(text: str) -> str:
    """Leave four characters at each end of every task id: enough to follow a task, too few to ask for it."""
    return _TASK_ID.sub(r"\1…\2", text)


class DiscreetFormatter(logging.Formatter):
    """Shows where an error happened and of what kind it is, but not its message, which may hold what was said."""

    def formatException(self, ei: SysExcInfoType) -> str:  # noqa: N802 - the name that logging calls
        lines: list[str] = []
        error = ei[1]
        while error is not None:
            reason = f": {error.strerror}" if isinstance(error, OSError) else ""
            lines = [*traceback.format_tb(error.__traceback__), f"{type(error).__qualname__}{reason}\n", *lines]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "".join(lines).rstrip()


class PrivateFormatter(DiscreetFormatter):
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
                    "()": PrivateFormatter if private else DiscreetFormatter,
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
