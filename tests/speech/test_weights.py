"""Where weights come from: a directory, the cache, the hub, the starter, in this order."""

import hashlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError

from whisper_api.speech import starter, weights
from whisper_api.speech.errors import NoModel
from whisper_api.speech.models import Model, candidates, named, smallest_first
from whisper_api.speech.weights import HubUnreachable, find, in_directory


def model(name: str) -> Model:
    found = named(name)
    assert found
    return found


MEDIUM = candidates(model("medium"))


class Machine:
    """What is in the cache, on the hub and installed, and what was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cache: set[str] = set()
        self.hub: set[str] = set()
        self.hub_error: Exception = HubUnreachable("The model hub cannot be reached")
        self.asked_hub_for: list[str] = []
        self.starter = False
        monkeypatch.setattr(weights, "cached", lambda model: self.path(model) if model.name in self.cache else None)
        monkeypatch.setattr(weights, "download", self.download)
        monkeypatch.setattr(starter, "installed", lambda: self.starter)
        monkeypatch.setattr(starter, "read", lambda: {"model.bin": b"starter"})

    def path(self, model: Model) -> Path:
        return Path("/cache") / model.name

    def download(self, model: Model) -> Path:
        self.asked_hub_for.append(model.name)
        if model.name not in self.hub:
            raise self.hub_error
        return self.path(model)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_what_is_in_the_cache_is_taken_without_asking_the_hub(machine: Machine) -> None:
    machine.cache, machine.hub, machine.starter = {"medium"}, {"medium"}, True

    found = find(MEDIUM, ask_hub=True)

    assert (found.name, found.path, found.note, found.hub_failed) == ("medium", Path("/cache/medium"), None, False)
    assert machine.asked_hub_for == []


def test_the_hub_is_asked_before_the_starter_is_taken(machine: Machine) -> None:
    machine.hub, machine.starter = {"medium"}, True

    found = find(MEDIUM, ask_hub=True)

    assert (found.name, found.model, found.note, found.hub_failed) == ("medium", model("medium"), None, False)


def test_the_hub_is_asked_for_the_best_model_alone(machine: Machine) -> None:
    machine.hub, machine.cache = {"small"}, {"base"}

    find(MEDIUM, ask_hub=True)

    assert machine.asked_hub_for == ["medium"]


def test_where_the_hub_is_out_of_reach_the_best_that_is_there_is_taken_and_a_note_says_so(machine: Machine) -> None:
    machine.cache, machine.starter = {"tiny", "small"}, True

    found = find(MEDIUM, ask_hub=True)

    assert (found.name, found.path, found.hub_failed) == ("small", Path("/cache/small"), True)
    assert found.note == (
        "The model hub cannot be reached: using small, the best model on this machine, instead of medium."
    )


def test_the_starter_is_better_than_a_smaller_model_of_the_cache(machine: Machine) -> None:
    machine.cache, machine.starter = {"tiny"}, True

    found = find(MEDIUM, ask_hub=True)

    assert (found.name, found.path, found.files) == ("base", None, {"model.bin": b"starter"})
    assert found.hub_failed
    assert found.note


def test_a_base_model_of_the_cache_is_taken_before_the_starter(machine: Machine) -> None:
    machine.cache, machine.starter = {"base"}, True

    found = find(MEDIUM, ask_hub=True)

    assert (found.path, found.files) == (Path("/cache/base"), None)


def test_the_starter_needs_no_note_where_it_is_what_was_wanted(machine: Machine) -> None:
    machine.starter = True

    found = find(candidates(model("base")), ask_hub=True)

    assert (found.name, found.note) == ("base", None)


def test_nothing_above_the_limit_is_taken_for_want_of_another(machine: Machine) -> None:
    machine.cache, machine.starter = {"large-v3", "tiny.en"}, True

    with pytest.raises(NoModel, match="no model up to tiny is on this machine"):
        find(candidates(model("tiny")), ask_hub=True)


def test_the_multilingual_starter_serves_english_too(machine: Machine) -> None:
    machine.starter = True

    assert find(candidates(model("small.en")), ask_hub=True).name == "base"
    with pytest.raises(NoModel):
        find(candidates(model("tiny.en")), ask_hub=True)


def test_whoever_wants_the_smallest_gets_the_starter_for_want_of_it(machine: Machine) -> None:
    machine.starter, machine.cache = True, {"large-v3"}
    assert find(smallest_first(), ask_hub=True).name == "base"

    machine.hub = {"tiny"}
    assert find(smallest_first(), ask_hub=True).name == "tiny"


def test_a_hub_that_failed_before_is_not_asked_again(machine: Machine) -> None:
    machine.hub, machine.starter = {"medium"}, True

    found = find(MEDIUM, ask_hub=False)

    assert machine.asked_hub_for == []
    assert found.name == "base"
    assert not found.hub_failed
    assert found.note
    assert found.note.startswith("The model hub was not asked again")


def test_where_there_is_nothing_the_reason_says_what_to_do(machine: Machine) -> None:
    with pytest.raises(NoModel) as caught:
        find(MEDIUM, ask_hub=True)

    assert str(caught.value).startswith("The model hub cannot be reached, and no model up to medium is on this")
    assert "MAX_MODEL" in str(caught.value)
    assert "extra 'starter'" in str(caught.value)


def test_a_download_that_fails_half_way_leads_to_the_best_that_is_there(machine: Machine) -> None:
    machine.hub_error, machine.cache = OSError("No space left on device"), {"tiny"}

    found = find(MEDIUM, ask_hub=True)

    assert (found.name, found.hub_failed) == ("tiny", True)
    assert found.note
    assert found.note.startswith("medium could not be downloaded (OSError: No space left on device): using tiny")


def test_weights_with_a_wrong_checksum_are_not_replaced_in_silence(machine: Machine) -> None:
    machine.hub_error, machine.starter = NoModel("wrong checksum"), True

    with pytest.raises(NoModel, match="wrong checksum"):
        find(MEDIUM, ask_hub=True)


# ---- the parts, with a hub of our own ------------------------------------------------------------------------


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A complete snapshot of a model, as the hub's client would leave it; its model.bin is a link into blobs."""
    blob = tmp_path / "blobs" / "1234"
    blob.parent.mkdir()
    blob.write_bytes(b"weights")
    directory = tmp_path / "snapshot"
    directory.mkdir()
    (directory / "model.bin").symlink_to(blob)
    (directory / "config.json").touch()
    (directory / "tokenizer.json").touch()
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(directory))
    monkeypatch.setattr(weights, "hub_reachable", lambda: True)
    return directory


def small_model(sha256: str | None) -> Model:
    return Model("small", 3, "somebody/small", "0" * 40, 7, sha256)


def test_a_download_with_the_right_sum_is_used(snapshot: Path) -> None:
    right = hashlib.sha256(b"weights").hexdigest()

    assert weights.download(small_model(right)) == snapshot


def test_a_download_with_a_wrong_sum_is_removed_from_the_disk(snapshot: Path) -> None:
    with pytest.raises(NoModel, match="wrong checksum and was removed"):
        weights.download(small_model("0" * 64))

    assert not (snapshot / "model.bin").exists()
    assert not (snapshot.parent / "blobs" / "1234").exists()
    assert weights.cached(small_model("0" * 64)) is None


def test_nothing_is_downloaded_from_a_hub_that_does_not_answer(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "hub_reachable", lambda: False)

    with pytest.raises(HubUnreachable):
        weights.download(small_model(None))


def test_a_snapshot_in_the_cache_is_found(snapshot: Path) -> None:
    assert weights.cached(small_model(None)) == snapshot


def test_a_snapshot_that_was_not_downloaded_to_its_end_does_not_count(snapshot: Path) -> None:
    (snapshot / "tokenizer.json").unlink()

    assert weights.cached(small_model(None)) is None


def test_an_empty_cache_has_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> str:
        raise LocalEntryNotFoundError("not there")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", missing)

    assert weights.cached(small_model(None)) is None


@pytest.fixture
def silent_hub() -> Iterator[str]:
    """Connections are accepted and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


class Hub(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""


@pytest.fixture
def answering_hub() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def use_hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return lambda address: monkeypatch.setattr(constants, "ENDPOINT", address)


def test_a_hub_that_answers_is_reachable(answering_hub: str, use_hub: Callable[[str], None]) -> None:
    use_hub(answering_hub)

    assert weights.hub_reachable()


def test_a_hub_that_accepts_and_never_answers_is_given_up_in_time(
    silent_hub: str, use_hub: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_hub(silent_hub)
    monkeypatch.setattr(weights, "HUB_PATIENCE_SECONDS", 0.2)
    began = time.monotonic()

    assert not weights.hub_reachable()

    assert time.monotonic() - began < 5


def test_a_name_server_that_never_answers_costs_no_more_than_the_patience(
    use_hub: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_hub("http://hub.invalid")
    monkeypatch.setattr(weights, "HUB_PATIENCE_SECONDS", 0.2)
    asked, released = threading.Event(), threading.Event()

    def stuck(*_: object, **__: object) -> None:
        asked.set()
        released.wait(60)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    began = time.monotonic()

    assert not weights.hub_reachable()

    assert time.monotonic() - began < 5
    assert asked.is_set()
    released.set()


def test_a_hub_that_refuses_connections_is_out_of_reach(use_hub: Callable[[str], None]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        use_hub(f"http://127.0.0.1:{closed.getsockname()[1]}")

        assert not weights.hub_reachable()


def test_whoever_is_offline_on_purpose_asks_no_hub(
    answering_hub: str, use_hub: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_hub(answering_hub)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    assert not weights.hub_reachable()


def test_patience_with_the_hub_is_at_most_5_seconds() -> None:
    assert weights.HUB_PATIENCE_SECONDS <= 5


# ---- a directory ---------------------------------------------------------------------------------------------


def test_a_complete_directory_is_named_after_itself(snapshot: Path) -> None:
    found = in_directory(snapshot)

    assert (found.name, found.path, found.model) == ("snapshot", snapshot, None)


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json"])
def test_a_directory_that_lacks_a_file_is_refused_by_its_name(snapshot: Path, name: str) -> None:
    (snapshot / name).unlink()

    with pytest.raises(NoModel, match=f"is not a complete CTranslate2 Whisper model: it lacks {name}\\."):
        in_directory(snapshot)


def test_all_files_that_are_missing_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(NoModel, match=r"it lacks model\.bin, config\.json, tokenizer\.json"):
        in_directory(tmp_path / "nowhere")
