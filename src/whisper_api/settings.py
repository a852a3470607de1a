"""Every setting, typed and checked. Nothing else reads the environment."""

import difflib
import ipaddress
import logging
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from dotenv.parser import Binding, parse_stream
from pydantic import Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from whisper_api.speech import memory, models
from whisper_api.speech.languages import code_of
from whisper_api.speech.options import LARGEST_BEAM, USUAL_BEAM

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
MB = 1_000_000

_FLAG = "1 (yes) or 0 (no)"
_MODEL = f"{', '.join(models.OFFICIAL_NAMES)}, {models.STARTER}, or the directory of a CTranslate2 Whisper model"
_LEVELS = "DEBUG, INFO, WARNING, ERROR or CRITICAL"
_WHEN = ("S", "M", "H", "D", *(f"W{day}" for day in range(7)), "midnight")
_LINES = "lines like PORT=3001"
_UNSET = {"", "unset"}
_LONG = 8  # letters of a name that nobody else gives by chance
_ALIKE = 0.88  # MAX_MODLE and MAX_MODEL are, LANGUAGES_DE and LANGUAGES are not


class InvalidSettings(Exception):
    """The message names each variable that makes no sense, and says what is accepted, a line each."""


def _setting(default: Any, description: str, accepts: str, **constraints: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"accepts": accepts}, **constraints)


class Settings(BaseSettings):
    """The settings by their variables' names in lower case, from the environment or from a file ``.env``."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    port: int = _setting(3001, "Port to listen on", "0 to 65535; 0 takes any free one", ge=0, le=65535)
    listen: str = _setting("127.0.0.1", "Address to listen on", "an IP address or a host name", min_length=1)

    load_model_on_startup: bool = _setting(True, "Load the model at start, not at the first request", _FLAG)
    develop_mode: bool = _setting(False, "Use the smallest model, to save time", _FLAG)
    unload_model_after_s: int | None = _setting(
        None, "Unload the model after so many seconds without use", "0 or more; unset: never", ge=0
    )
    use_gpu_if_available: bool = _setting(True, "Use a GPU where there is one", _FLAG)
    max_model: str | None = _setting(
        None,
        "Best model to be used",
        f"{_MODEL}; unset: the best that fits on a GPU, else CPU_FALLBACK_MODEL",
    )
    cpu_fallback_model: str = _setting("medium", "Model on a CPU where MAX_MODEL is unset", _MODEL)

    languages: Annotated[tuple[str, ...], NoDecode] = _setting(
        (),
        "Languages that are told apart where none is named",
        "codes with spaces between them, such as: de en; empty: all that the model knows",
    )
    beam_size: int = _setting(
        USUAL_BEAM,
        "Hypotheses that are followed at a time: more are slower, and seldom better",
        f"1 (greedy) to {LARGEST_BEAM}",
        ge=1,
        le=LARGEST_BEAM,
    )

    delete_results_after_m: int = _setting(
        60, "Minutes that a result is kept for after it was finished", "1 to 999999999", ge=1, le=999_999_999
    )
    refresh_expiration_time_on_usage: bool = _setting(True, "Reading a result starts its time anew", _FLAG)
    run_result_expiry_check_m: int = _setting(
        5,
        "Minutes between two checks for expired results",
        "0 or more; 0: whenever a task is asked for",
        ge=0,
    )
    recordings_at_once: int | None = _setting(
        None, "Recordings that are worked on together", "1 or more; unset: as many as suit the device", ge=1
    )
    max_task_queue_size: int = _setting(128, "Tasks that may wait; more are refused", "1 or more", ge=1)
    max_upload_mb: int = _setting(2000, "Largest upload, in MB", "1 or more", ge=1)
    max_duration_m: int = _setting(600, "Longest recording, in minutes", "1 or more", ge=1)
    max_recordings_mb: int | None = _setting(
        None,
        "Memory for all recordings that wait, in MB",
        "1 or more; unset: half of what is free at start",
        ge=1,
    )
    shutdown_grace_s: int = _setting(10, "Seconds that the tasks being processed get at shutdown", "0 or more", ge=0)

    log_dir: Path = _setting(
        Path("data/"),
        "Directory of the log files, made if needed",
        "a directory; empty: the working directory",
    )
    log_file: str = _setting("whisper_api.log", "Name of the log file", "a file name", min_length=1)
    log_level_console: Level = _setting("INFO", "Level of the log on the console", _LEVELS)
    log_level_file: Level = _setting("INFO", "Level of the log in the file", _LEVELS)
    log_privacy_mode: bool = _setting(True, "Shorten task ids in the logs to four characters at each end", _FLAG)
    log_format: str = _setting(
        "[{asctime}] [{levelname}][{processName}][{threadName}][{module}.{funcName}] {message}",
        "Format of a log line",
        "a format of Python's logging in {-style",
    )
    log_date_format: str = _setting("%d.%m. %H:%M:%S", "Format of the time in a log line", "a format of strftime")
    log_rotation_when: str = _setting("H", "Unit of the log's rotation", "S, M, H, D, W0 to W6, or midnight")
    log_rotation_interval: int = _setting(2, "Units between two rotations", "1 or more", ge=1)
    log_rotation_backup_count: int = _setting(48, "Old log files to keep", "0 or more; 0: all of them", ge=0)

    authorized_mails: Annotated[frozenset[str], NoDecode] = _setting(
        frozenset(),
        "Who may use special routes like /logs; LOG_AUTHORIZED_MAILS is a second name for it",
        "mail addresses with spaces between them",
    )
    log_authorized_mails: Annotated[frozenset[str], NoDecode] = _setting(
        frozenset(), "Added to AUTHORIZED_MAILS", "mail addresses with spaces between them"
    )
    logs_for_localhost: bool = _setting(True, "Requests from this machine itself may read /logs", _FLAG)
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = _setting(
        (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")),
        "Where the reverse proxy connects from, whose X-Email and X-User are believed",
        "IP addresses and networks (CIDR) with spaces between them",
    )

    @field_validator("unload_model_after_s", "max_model", "max_recordings_mb", "recordings_at_once", mode="before")
    @classmethod
    def _unset(cls, value: object) -> object:
        return None if isinstance(value, str) and value.strip().lower() in _UNSET else value

    @field_validator("max_model", "cpu_fallback_model")
    @classmethod
    def _is_a_model(cls, value: str | None) -> str | None:
        known = value is None or value == models.STARTER or models.named(value) is not None
        if not known and not (Path(value or "") / "model.bin").is_file():
            raise ValueError
        return value

    @field_validator("languages", mode="before")
    @classmethod
    def _are_languages(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        codes = {name: code_of(name) for name in value.replace(",", " ").split()}
        if unknown := [name for name, code in codes.items() if code is None]:
            raise ValueError(f"Whisper does not know {' and '.join(unknown)}")
        return tuple(dict.fromkeys(codes.values()))

    @field_validator("log_level_console", "log_level_file", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        known = isinstance(value, str) and value.upper() in get_args(Level)
        return str(value).upper() if known else value

    @field_validator("log_file")
    @classmethod
    def _is_a_file_name(cls, value: str) -> str:
        if Path(value).name != value or value == "..":
            raise ValueError
        return value

    @field_validator("log_format")
    @classmethod
    def _formats(cls, value: str) -> str:
        record = logging.LogRecord("name", logging.INFO, "path", 1, "message", (), None)
        try:
            logging.Formatter(value, style="{").format(record)
        except (LookupError, AttributeError, TypeError) as error:
            raise ValueError from error
        return value

    @field_validator("log_rotation_when")
    @classmethod
    def _rotates(cls, value: str) -> str:
        for unit in _WHEN:
            if value.upper() == unit.upper():
                return unit
        raise ValueError

    @field_validator("authorized_mails", "log_authorized_mails", mode="before")
    @classmethod
    def _mails(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        mails = value.lower().split()
        if not all("@" in mail.strip("@") for mail in mails):
            raise ValueError
        return frozenset(mails)

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ipaddress.ip_network(part, strict=False) for part in value.replace(",", " ").split())

    @property
    def model_limit(self) -> str | None:
        """The best model that may be used, by name or directory; None for the best that fits."""
        return "tiny" if self.develop_mode else self.max_model

    @property
    def load_limit(self) -> str | None:
        """The same as the engine is told: while developing, any small model will do."""
        return models.SMALLEST if self.develop_mode else self.max_model

    @property
    def mails(self) -> frozenset[str]:
        """Everyone in AUTHORIZED_MAILS, under either of its names, in lower case."""
        return self.authorized_mails | self.log_authorized_mails

    @property
    def result_lifetime(self) -> timedelta:
        return timedelta(minutes=self.delete_results_after_m)

    @property
    def recordings_capacity(self) -> int:
        """Bytes that all waiting recordings may take."""
        if self.max_recordings_mb is not None:
            return self.max_recordings_mb * MB
        return memory.at_hand() // 2


def accepts(field: FieldInfo) -> str:
    """What a setting accepts, in words."""
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    return str(extra["accepts"])


def read_settings() -> Settings:
    """The settings as the environment has them. Raises InvalidSettings."""
    try:
        lines = _lines(Path(str(Settings.model_config["env_file"])))
        wrong = _misspelt(line.key.lower() for line in lines if line.key)
        settings = Settings()
    except ValidationError as error:
        raise InvalidSettings("\n".join([*wrong, *_sentences(error)])) from error
    except (OSError, UnicodeError) as error:
        raise InvalidSettings(f"The file .env cannot be read. It takes: {_LINES}, in UTF-8.") from error
    if wrong:
        raise InvalidSettings("\n".join(wrong))
    return settings


def _lines(file: Path) -> list[Binding]:
    """What ``file`` says, if there is one. Raises OSError, UnicodeError, and InvalidSettings for what says nothing."""
    if not file.is_file():
        return []
    with file.open(encoding="utf-8-sig") as text:
        lines = list(parse_stream(text))
    if lost := [_number(line) for line in lines if line.error or (line.key and line.value is None)]:
        sentences = [f"Line {number} of the file .env is not understood. It takes: {_LINES}." for number in lost]
        raise InvalidSettings("\n".join(sentences))
    return lines


def _number(line: Binding) -> int:
    """Where it begins, for the empty lines before it count as its own."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _misspelt(names: Iterable[str]) -> list[str]:
    """A sentence for each of the ``names``, in lower case, that is not a setting's, but nearly.

    What else a file holds may be meant for others, and so are short names. The environment is not looked at: there,
    LANGUAGE is another's.
    """
    known = Settings.model_fields
    long = [name for name in known if len(name) >= _LONG]
    alike = {name: difflib.get_close_matches(name, long, n=1, cutoff=_ALIKE) for name in names if name not in known}
    return [
        f"{name.upper()} in the file .env is no setting. {meant[0].upper()} is one."
        for name, meant in alike.items()
        if meant
    ]


def _sentences(error: ValidationError) -> list[str]:
    sentences = {}
    for detail in error.errors(include_url=False):
        name = str(detail["loc"][0]).lower()
        value, reason = detail["input"], str(detail.get("ctx", {}).get("error", ""))
        because = f": {reason}" if reason else ""
        sentences[name] = (
            f"{name.upper()}={value} is not accepted{because}. It takes: {accepts(Settings.model_fields[name])}."
        )
    return list(sentences.values())
