"""Settings: every variable of the seed, and one line for each value that makes no sense."""

import contextlib
import ipaddress
import os
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from whisper_api.settings import InvalidSettings, Settings, accepts, read_settings

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
SEED: dict[str, object] = {
    "PORT": 3001,
    "LISTEN": "127.0.0.1",
    "LOAD_MODEL_ON_STARTUP": True,
    "DEVELOP_MODE": False,
    "UNLOAD_MODEL_AFTER_S": None,
    "DELETE_RESULTS_AFTER_M": 60,
    "REFRESH_EXPIRATION_TIME_ON_USAGE": True,
    "RUN_RESULT_EXPIRY_CHECK_M": 5,
    "USE_GPU_IF_AVAILABLE": True,
    "MAX_MODEL": None,
    "MAX_TASK_QUEUE_SIZE": 128,
    "CPU_FALLBACK_MODEL": "medium",
    "LOG_DIR": Path("data/"),
    "LOG_FILE": "whisper_api.log",
    "LOG_LEVEL_CONSOLE": "INFO",
    "LOG_LEVEL_FILE": "INFO",
    "LOG_PRIVACY_MODE": True,
    "LOG_FORMAT": "[{asctime}] [{levelname}][{processName}][{threadName}][{module}.{funcName}] {message}",
    "LOG_DATE_FORMAT": "%d.%m. %H:%M:%S",
    "LOG_ROTATION_WHEN": "H",
    "LOG_ROTATION_INTERVAL": 2,
    "LOG_ROTATION_BACKUP_COUNT": 48,
    "AUTHORIZED_MAILS": frozenset[str](),
    "LOG_AUTHORIZED_MAILS": frozenset[str](),
}

pytestmark = pytest.mark.usefixtures("bare_environment")


@pytest.mark.parametrize(("variable", "default"), SEED.items())
def test_every_variable_of_the_seed_has_the_default_of_the_seed(variable: str, default: object) -> None:
    assert getattr(read_settings(), variable.lower()) == default


def test_two_hypotheses_are_followed_by_default() -> None:
    assert read_settings().beam_size == 2


def test_all_languages_are_told_apart_by_default() -> None:
    assert read_settings().languages == ()


def test_as_many_recordings_as_suit_the_device_are_worked_on_by_default() -> None:
    assert read_settings().recordings_at_once is None


def test_proxies_are_trusted_on_this_machine_alone_by_default() -> None:
    assert read_settings().trusted_proxies == LOOPBACK


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("PORT", "8080", 8080),
        ("PORT", "0", 0),
        ("PORT", "65535", 65535),
        ("LISTEN", "0.0.0.0", "0.0.0.0"),
        ("LOAD_MODEL_ON_STARTUP", "0", False),
        ("DEVELOP_MODE", "1", True),
        ("UNLOAD_MODEL_AFTER_S", "0", 0),
        ("UNLOAD_MODEL_AFTER_S", "300", 300),
        ("UNLOAD_MODEL_AFTER_S", "unset", None),
        ("UNLOAD_MODEL_AFTER_S", "", None),
        ("DELETE_RESULTS_AFTER_M", "1", 1),
        ("REFRESH_EXPIRATION_TIME_ON_USAGE", "0", False),
        ("RUN_RESULT_EXPIRY_CHECK_M", "0", 0),
        ("USE_GPU_IF_AVAILABLE", "0", False),
        ("MAX_MODEL", "large", "large"),
        ("MAX_MODEL", "turbo", "turbo"),
        ("MAX_MODEL", "tiny.en", "tiny.en"),
        ("MAX_MODEL", "starter", "starter"),
        ("MAX_MODEL", "unset", None),
        ("MAX_MODEL", " UNSET ", None),
        ("MAX_MODEL", "", None),
        ("MAX_TASK_QUEUE_SIZE", "1", 1),
        ("CPU_FALLBACK_MODEL", "small", "small"),
        ("LANGUAGES", "de en", ("de", "en")),
        ("LANGUAGES", " German,EN,  fr-CA de", ("de", "en", "fr")),
        ("LANGUAGES", "", ()),
        ("BEAM_SIZE", "1", 1),
        ("BEAM_SIZE", "20", 20),
        ("RECORDINGS_AT_ONCE", "1", 1),
        ("RECORDINGS_AT_ONCE", "unset", None),
        ("RECORDINGS_AT_ONCE", "", None),
        ("MAX_RECORDINGS_MB", "unset", None),
        ("MAX_RECORDINGS_MB", "7", 7),
        ("LOG_DIR", "", Path()),
        ("LOG_DIR", "/var/log/w", Path("/var/log/w")),
        ("LOG_FILE", "w.log", "w.log"),
        ("LOG_LEVEL_CONSOLE", "DEBUG", "DEBUG"),
        ("LOG_LEVEL_FILE", "warning", "WARNING"),
        ("LOG_PRIVACY_MODE", "0", False),
        ("LOG_FORMAT", "{levelname:>8} {message}", "{levelname:>8} {message}"),
        ("LOG_DATE_FORMAT", "%H:%M", "%H:%M"),
        ("LOG_ROTATION_WHEN", "midnight", "midnight"),
        ("LOG_ROTATION_WHEN", "MIDNIGHT", "midnight"),
        ("LOG_ROTATION_WHEN", "w0", "W0"),
        ("LOG_ROTATION_INTERVAL", "1", 1),
        ("LOG_ROTATION_BACKUP_COUNT", "0", 0),
        ("AUTHORIZED_MAILS", "nik@example.com chris@example.com", {"nik@example.com", "chris@example.com"}),
        ("AUTHORIZED_MAILS", "  Nik@Example.COM\t", {"nik@example.com"}),
        ("AUTHORIZED_MAILS", "", set()),
        ("TRUSTED_PROXIES", "10.0.0.1 fd00::/8", (ipaddress.ip_network("10.0.0.1"), ipaddress.ip_network("fd00::/8"))),
        ("TRUSTED_PROXIES", "172.17.0.5/16", (ipaddress.ip_network("172.17.0.0/16"),)),
        ("TRUSTED_PROXIES", "", ()),
    ],
)  # fmt: skip
def test_a_variable_is_read_from_the_environment(
    variable: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)

    assert getattr(read_settings(), variable.lower()) == value


@pytest.mark.parametrize(
    ("variable", "value", "accepted"),
    [
        ("PORT", "abc", "0 to 65535"),
        ("PORT", "70000", "0 to 65535"),
        ("PORT", "-1", "0 to 65535"),
        ("PORT", "", "0 to 65535"),
        ("PORT", "80.5", "0 to 65535"),
        ("LISTEN", "", "an IP address or a host name"),
        ("LOAD_MODEL_ON_STARTUP", "maybe", "1 (yes) or 0 (no)"),
        ("DEVELOP_MODE", "2", "1 (yes) or 0 (no)"),
        ("UNLOAD_MODEL_AFTER_S", "-1", "0 or more"),
        ("UNLOAD_MODEL_AFTER_S", "soon", "0 or more"),
        ("DELETE_RESULTS_AFTER_M", "-5", "1 "),
        ("REFRESH_EXPIRATION_TIME_ON_USAGE", "x", "1 (yes) or 0 (no)"),
        ("RUN_RESULT_EXPIRY_CHECK_M", "-1", "0 or more"),
        ("USE_GPU_IF_AVAILABLE", "gpu", "1 (yes) or 0 (no)"),
        ("MAX_MODEL", "huge", "tiny.en, tiny, base.en"),
        ("MAX_MODEL", "/nonexistent", "the directory of a CTranslate2 Whisper model"),
        ("MAX_TASK_QUEUE_SIZE", "-1", "1 or more"),
        ("MAX_UPLOAD_MB", "0", "1 or more"),
        ("MAX_RECORDINGS_MB", "0", "1 or more"),
        ("SHUTDOWN_GRACE_S", "-1", "0 or more"),
        ("CPU_FALLBACK_MODEL", "largest", "large-v3"),
        ("LANGUAGES", "de xx", "codes with spaces between them"),
        ("BEAM_SIZE", "0", "1 (greedy) to 20"),
        ("BEAM_SIZE", "21", "1 (greedy) to 20"),
        ("BEAM_SIZE", "wide", "1 (greedy) to 20"),
        ("RECORDINGS_AT_ONCE", "0", "1 or more"),
        ("RECORDINGS_AT_ONCE", "many", "1 or more"),
        ("LOG_FILE", "", "a file name"),
        ("LOG_FILE", "logs/w.log", "a file name"),
        ("LOG_FILE", "..", "a file name"),
        ("LOG_LEVEL_CONSOLE", "whisper_api.log", "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
        ("LOG_LEVEL_FILE", "LOUD", "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
        ("LOG_PRIVACY_MODE", "2", "1 (yes) or 0 (no)"),
        ("LOG_FORMAT", "{nope} {message}", "a format of Python's logging"),
        ("LOG_FORMAT", "%(message)s", "a format of Python's logging"),
        ("LOG_FORMAT", "{message", "a format of Python's logging"),
        ("LOG_FORMAT", "{message:d}", "a format of Python's logging"),
        ("LOG_FORMAT", "{message} {}", "a format of Python's logging"),
        ("LOG_FORMAT", "{message} {0}", "a format of Python's logging"),
        ("LOG_FORMAT", "{message.nope}", "a format of Python's logging"),
        ("LOG_ROTATION_WHEN", "X", "S, M, H, D, W0 to W6, or midnight"),
        ("LOG_ROTATION_WHEN", "W7", "S, M, H, D, W0 to W6, or midnight"),
        ("LOG_ROTATION_INTERVAL", "0", "1 or more"),
        ("LOG_ROTATION_BACKUP_COUNT", "-1", "0 or more"),
        ("AUTHORIZED_MAILS", "48", "mail addresses"),
        ("AUTHORIZED_MAILS", "@", "mail addresses"),
        ("LOG_AUTHORIZED_MAILS", "nik", "mail addresses"),
        ("LOGS_FOR_LOCALHOST", "x", "1 (yes) or 0 (no)"),
        ("TRUSTED_PROXIES", "nonsense", "IP addresses and networks"),
        ("TRUSTED_PROXIES", "10.0.0.0/33", "IP addresses and networks"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_one_line(
    variable: str, value: str, accepted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidSettings) as caught:
        read_settings()

    message = str(caught.value)
    refusal, _, takes = message.partition(" It takes: ")
    reason = refusal.removeprefix(f"{variable}={value} is not accepted")
    assert re.fullmatch(r"(: .+)?\.", reason)
    assert accepted in takes
    assert "\n" not in message


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("LANGUAGES", "de xx en yy", "Whisper does not know xx and yy"),
        ("TRUSTED_PROXIES", "10.0.0.0/8 nonsense", "'nonsense' does not appear to be an IPv4 or IPv6 network"),
    ],
)
def test_of_several_values_it_says_which_is_wrong(
    variable: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidSettings, match=re.escape(f"{variable}={value} is not accepted: {reason}. It takes: ")):
        read_settings()


def test_several_bad_values_get_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "abc")
    monkeypatch.setenv("MAX_MODEL", "huge")
    monkeypatch.setenv("LOG_LEVEL_FILE", "LOUD")

    with pytest.raises(InvalidSettings) as caught:
        read_settings()

    lines = str(caught.value).splitlines()
    assert sorted(line.partition(" ")[0] for line in lines) == ["LOG_LEVEL_FILE=LOUD", "MAX_MODEL=huge", "PORT=abc"]


@pytest.mark.parametrize("minutes", ["9" * 9, "9" * 10, "9" * 13])
def test_a_lifetime_beyond_any_calendar_is_refused_or_kept(minutes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants results to stay for ever writes a row of nines."""
    monkeypatch.setenv("DELETE_RESULTS_AFTER_M", minutes)

    with contextlib.suppress(InvalidSettings):
        lifetime = read_settings().result_lifetime
        assert datetime.now(UTC) + lifetime > datetime.now(UTC)


def test_the_file_env_is_read(bare_environment: Path) -> None:
    (bare_environment / ".env").write_text("PORT=4000\nMAX_MODEL=small\nSOMEBODY_ELSES=variable\n")

    settings = read_settings()

    assert (settings.port, settings.max_model) == (4000, "small")


def test_a_name_in_the_file_env_that_is_nearly_a_setting_stops_the_start(bare_environment: Path) -> None:
    (bare_environment / ".env").write_text("LOGS_FOR_LOCALHOSTS=0\nmax_modle=small\nPORT=abc\n")
    with pytest.raises(InvalidSettings) as refused:
        read_settings()
    assert str(refused.value).splitlines() == [
        "LOGS_FOR_LOCALHOSTS in the file .env is no setting. LOGS_FOR_LOCALHOST is one.",
        "MAX_MODLE in the file .env is no setting. MAX_MODEL is one.",
        "PORT=abc is not accepted. It takes: 0 to 65535; 0 takes any free one.",
    ]


@pytest.mark.parametrize("name", ["PORTS", "PORT1", "LISTENER", "LANGUAGES_DE", "LOG_LEVEL", "MODEL", "log_file"])
def test_a_name_in_the_file_env_that_may_be_anothers_is_passed_over(bare_environment: Path, name: str) -> None:
    (bare_environment / ".env").write_text(f"{name}=1\nPORT=4000\n")
    assert read_settings().port == 4000


def test_a_name_in_the_environment_may_be_nearly_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de_DE:de")
    assert read_settings().languages == ()


def test_a_line_of_the_file_env_that_says_nothing_stops_the_start(bare_environment: Path) -> None:
    (bare_environment / ".env").write_text("# as in YAML\nPORT=4000\n\nBEAM_SIZE: 1\nnonsense line\nexport PORT\n")
    with pytest.raises(InvalidSettings) as refused:
        read_settings()
    assert str(refused.value).splitlines() == [
        f"Line {number} of the file .env is not understood. It takes: lines like PORT=3001." for number in (4, 5, 6)
    ]


def test_the_file_env_may_be_one_of_windows(bare_environment: Path) -> None:
    (bare_environment / ".env").write_bytes(b"\xef\xbb\xbfPORT=4000\r\n\r\n# comment\r\nexport MAX_MODEL='small'\r\n")
    assert (read_settings().port, read_settings().max_model) == (4000, "small")


def test_the_environment_outweighs_the_file_env(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare_environment / ".env").write_text("PORT=4000\n")
    monkeypatch.setenv("PORT", "5000")

    assert read_settings().port == 5000


def test_a_bad_value_in_the_file_env_is_named(bare_environment: Path) -> None:
    (bare_environment / ".env").write_text("PORT=abc\n")

    with pytest.raises(InvalidSettings, match=r"^PORT=abc is not accepted"):
        read_settings()


def test_log_authorized_mails_is_a_second_name_for_authorized_mails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHORIZED_MAILS", "nik@example.com")
    monkeypatch.setenv("LOG_AUTHORIZED_MAILS", "Chris@example.com")

    assert read_settings().mails == {"nik@example.com", "chris@example.com"}


def test_develop_mode_means_the_smallest_model_whatever_else_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVELOP_MODE", "1")
    monkeypatch.setenv("MAX_MODEL", "large")

    assert read_settings().model_limit == "tiny"


def test_without_develop_mode_max_model_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().model_limit is None
    monkeypatch.setenv("MAX_MODEL", "small")
    assert read_settings().model_limit == "small"


def test_a_directory_with_a_model_is_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.bin").touch()
    monkeypatch.setenv("MAX_MODEL", str(tmp_path))

    assert read_settings().max_model == str(tmp_path)


def test_recordings_get_half_of_the_free_memory_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    free = type("Memory", (), {"available": 1_000_000_001})
    monkeypatch.setattr(psutil, "virtual_memory", free)
    assert read_settings().recordings_capacity == 500_000_000

    monkeypatch.setenv("MAX_RECORDINGS_MB", "3")
    assert read_settings().recordings_capacity == 3_000_000


def test_every_setting_says_what_it_accepts_and_means() -> None:
    for field in Settings.model_fields.values():
        assert accepts(field)
        assert field.description


def test_the_command_stops_with_one_line_and_exit_code_2(bare_environment: Path) -> None:
    command = Path(sys.executable).with_name("whisper_api")

    ended = subprocess.run([command], env=os.environ | {"PORT": "abc"}, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == "PORT=abc is not accepted. It takes: 0 to 65535; 0 takes any free one.\n"
    assert list(bare_environment.iterdir()) == []


def test_another_asgi_server_stops_with_the_same_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import whisper_api; whisper_api.app"],
        env=os.environ | {"MAX_MODEL": "huge"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("MAX_MODEL=huge is not accepted. It takes: ")
    assert ended.stderr.count("\n") == 1


def test_a_log_directory_that_cannot_be_made_stops_the_start_with_one_line(bare_environment: Path) -> None:
    (bare_environment / "taken").touch()

    ended = subprocess.run(
        [sys.executable, "-m", "whisper_api"],
        env=os.environ | {"LOG_DIR": "taken", "PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("LOG_DIR=taken is not accepted: ")
    assert ended.stderr.count("\n") == 1


def whisper_api(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "whisper_api", *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_says_what_it_is_and_refuses_what_it_does_not_know(bare_environment: Path) -> None:
    assert whisper_api("--version").stdout.startswith("whisper_api ")
    assert "speech-to-text server" in whisper_api("--help").stdout
    assert whisper_api("--port", "80").returncode == 2


@pytest.mark.parametrize("address", ["nowhere.invalid", "x" * 70, "a..b"])
def test_an_address_that_is_none_stops_the_start_with_one_line(bare_environment: Path, address: str) -> None:
    ended = whisper_api(LISTEN=address, PORT="0")

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"LISTEN={address} is not accepted. It takes: ")
    assert ended.stderr.count("\n") == 1


def test_a_port_in_use_stops_the_start_with_one_line(bare_environment: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = whisper_api(PORT=str(taken.getsockname()[1]))

    assert ended.returncode == 1
    assert ended.stderr.endswith("Another program is using it: stop that, or set PORT to another number.\n")
    assert ended.stderr.count("\n") == 1


def test_an_env_file_that_cannot_be_read_stops_the_start_with_one_line(bare_environment: Path) -> None:
    (bare_environment / ".env").write_bytes(b"LOG_DIR=\xff")
    ended = whisper_api(PORT="0")

    assert ended.returncode == 2
    assert ended.stderr.startswith("The file .env cannot be read.")
