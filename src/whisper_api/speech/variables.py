"""What a model is made of: the variables in CTranslate2's ``model.bin``, read without CTranslate2.

The format is what its ``ModelSpec`` writes (https://github.com/OpenNMT/CTranslate2, specs/model_spec.py): a version,
the name of the model's kind, and for each variable a name, a shape, a type and its bytes, little-endian throughout.
"""

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_VERSION = 6
_TYPES: dict[int, type[np.generic]] = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_BFLOAT16 = 5

Variables = Mapping[str, NDArray[Any]]
"""Arrays by their names: views of the file, which take no memory of their own, but for what is in bfloat16."""


class UnknownFormat(Exception):
    """This is no ``model.bin`` whose format is known here."""


def read(model: Path | bytes) -> Variables:
    """The variables of a ``model.bin``, a file or what is in it. Raises UnknownFormat and OSError."""
    if isinstance(model, bytes):
        return _read(memoryview(model))
    with model.open("rb") as file:
        if not model.stat().st_size:
            raise UnknownFormat("model.bin is empty")  # which cannot be mapped
        return _read(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))


def _read(content: memoryview) -> Variables:
    try:
        return _Reader(content).variables()
    except (struct.error, ValueError, KeyError) as error:
        raise UnknownFormat(f"model.bin cannot be read: {error!r}") from error


class _Reader:
    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._position = 0

    def variables(self) -> Variables:
        version = self._number("I")
        if version != _VERSION:
            raise ValueError(f"version {version}")
        self._name()
        self._number("I")
        found = {}
        for _ in range(self._number("I")):
            name = self._name()
            shape = [self._number("I") for _ in range(self._number("B"))]
            kind = self._number("B")
            found[name] = self._array(kind, self._number("I")).reshape(shape)
        for _ in range(self._number("I")):
            alias = self._name()
            found[alias] = found[self._name()]
        return found

    def _array(self, kind: int, length: int) -> NDArray[Any]:
        if kind == _BFLOAT16:  # the upper half of a float32
            return (np.frombuffer(self._bytes(length), np.uint16).astype(np.uint32) << 16).view(np.float32)
        return np.frombuffer(self._bytes(length), _TYPES[kind])

    def _name(self) -> str:
        return bytes(self._bytes(self._number("H"))).rstrip(b"\0").decode()

    def _number(self, kind: str) -> int:
        [number] = struct.unpack(f"<{kind}", self._bytes(struct.calcsize(f"<{kind}")))
        return int(number)

    def _bytes(self, length: int) -> memoryview:
        begin, self._position = self._position, self._position + length
        if self._position > len(self._content):
            raise ValueError("it is cut off")
        return self._content[begin : self._position]
