"""Recordings in memory, and what they may take of it."""

import os
import stat

import pytest

from whisper_api.tasks.recording import MemoryFull, Recording, Shelf, TooLarge


def is_open(recording: Recording) -> bool:
    try:
        os.fstat(recording.descriptor)
    except OSError:
        return False
    return True


def test_a_recording_holds_what_was_written_piece_by_piece() -> None:
    with Shelf(largest=100, capacity=100).new() as recording:
        recording.write(b"one ")
        recording.write(b"")
        recording.write(b"two")

        assert os.pread(recording.descriptor, 100, 0) == b"one two"
        assert recording.size == 7


def test_a_recording_is_a_file_without_a_name_on_any_disk() -> None:
    with Shelf(largest=100, capacity=100).new() as recording:
        facts = os.fstat(recording.descriptor)

        assert stat.S_ISREG(facts.st_mode)
        assert facts.st_nlink == 0
        assert os.readlink(f"/proc/self/fd/{recording.descriptor}").startswith("/memfd:")
        assert not os.get_inheritable(recording.descriptor)


def test_a_recording_may_be_as_large_as_allowed_and_not_a_byte_larger() -> None:
    with Shelf(largest=10, capacity=100).new() as recording:
        recording.write(b"x" * 10)

        with pytest.raises(TooLarge) as caught:
            recording.write(b"x")

        assert caught.value.limit == 10
        assert os.fstat(recording.descriptor).st_size == 10


def test_all_recordings_together_fill_the_shelf() -> None:
    shelf = Shelf(largest=10, capacity=15)
    with shelf.new() as first, shelf.new() as second:
        first.write(b"x" * 10)
        second.write(b"x" * 5)

        with pytest.raises(MemoryFull):
            second.write(b"x")

        assert shelf.held == 15


def test_bytes_are_given_back_when_a_recording_is_closed() -> None:
    shelf = Shelf(largest=10, capacity=10)
    first = shelf.new()
    first.write(b"x" * 10)
    first.close()

    assert shelf.held == 0
    with shelf.new() as second:
        second.write(b"x" * 10)


def test_bytes_of_a_recording_that_did_not_fit_are_given_back_too() -> None:
    shelf = Shelf(largest=10, capacity=100)
    with shelf.new() as recording:
        recording.write(b"x" * 9)
        with pytest.raises(TooLarge):
            recording.write(b"x" * 9)

    assert shelf.held == 0
    assert not is_open(recording)


def test_closing_frees_the_descriptor() -> None:
    recording = Shelf(largest=10, capacity=10).new()
    assert is_open(recording)

    recording.close()

    assert not is_open(recording)


def test_closing_twice_gives_back_once() -> None:
    shelf = Shelf(largest=10, capacity=20)
    with shelf.new() as other:
        other.write(b"x" * 3)
        recording = shelf.new()
        recording.write(b"x" * 5)
        recording.close()
        recording.close()

        assert shelf.held == 3


def test_an_announced_size_is_checked_before_anything_is_written() -> None:
    shelf = Shelf(largest=10, capacity=15)
    shelf.check(10)
    with pytest.raises(TooLarge):
        shelf.check(11)
    with shelf.new() as recording:
        recording.write(b"x" * 6)
        shelf.check(9)
        with pytest.raises(MemoryFull):
            shelf.check(10)
