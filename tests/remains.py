"""What is left in the memory of a process."""

import os
import re
import subprocess
import sys

import psutil
import pytest

from whisper_api.forgetting import ENVIRONMENT


def occurrences(process: psutil.Process, phrase: bytes) -> int:
    """How often ``phrase`` stands in the memory of ``process`` that can be written to."""
    count = 0
    with open(f"/proc/{process.pid}/maps") as maps, open(f"/proc/{process.pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if found is None:
                continue
            start, end = (int(address, 16) for address in found.groups())
            try:
                memory.seek(start)
                count += memory.read(end - start).count(phrase)
            except OSError:  # unmapped in the meantime, or a device's
                continue
    return count


def assert_forgets(source: str, *, pieces: int) -> None:
    """Run a program that forgets, and see that it does.

    It prints what to look for, as many ``pieces`` as lines, in hexadecimal and with all bits turned, so that the line
    itself is not found; then it waits for a line, forgets, says "Done." and waits for another.
    """
    program = subprocess.Popen(
        [sys.executable, "-c", source],
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    with program:
        assert program.stdin
        assert program.stdout
        secrets = [bytes(byte ^ 255 for byte in bytes.fromhex(program.stdout.readline())) for _ in range(pieces)]
        process = psutil.Process(program.pid)
        try:
            assert all(occurrences(process, secret) > 0 for secret in secrets)
        except PermissionError:
            pytest.skip("this machine lets nobody read another process's memory")

        print(file=program.stdin)
        assert program.stdout.readline() == "Done.\n"

        assert [occurrences(process, secret) for secret in secrets] == [0] * pieces
