"""What is left in the memory of a process."""

import re

import psutil


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
