"""A model file, read without the library that wrote it."""

import contextlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from whisper_api.speech import variables, weights
from whisper_api.speech.variables import UnknownFormat


def header(*, version: int = 6, count: int = 0) -> bytes:
    name = b"WhisperSpec\0"
    return struct.pack("<IH", version, len(name)) + name + struct.pack("<II", 3, count)


def variable(name: str, value: NDArray[Any], kind: int) -> bytes:
    encoded = name.encode() + b"\0"
    shape = struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)
    content = value.tobytes()
    return struct.pack("<H", len(encoded)) + encoded + shape + struct.pack("<BI", kind, len(content)) + content


def alias(name: str, of: str) -> bytes:
    return b"".join(struct.pack("<H", len(text) + 1) + text.encode() + b"\0" for text in (name, of))


WEIGHT = np.arange(6, dtype=np.float16).reshape(2, 3)
MODEL = (
    header(count=3)
    + variable("a/weight", WEIGHT, 4)
    + variable("a/weight_scale", np.array([1.5, 2.5], np.float32), 0)
    + variable("heads", np.array(8, np.int16), 2)
    + struct.pack("<I", 1)
    + alias("b/weight", "a/weight")
)


def test_names_shapes_types_and_aliases_are_read() -> None:
    found = variables.read(MODEL)

    assert set(found) == {"a/weight", "a/weight_scale", "heads", "b/weight"}
    np.testing.assert_array_equal(found["b/weight"], WEIGHT)
    assert found["a/weight"].dtype == np.float16
    assert found["a/weight_scale"].tolist() == [1.5, 2.5]
    assert int(found["heads"]) == 8


def test_a_file_is_read_like_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(MODEL)

    found = variables.read(tmp_path / "model.bin")

    np.testing.assert_array_equal(found["a/weight"], WEIGHT)


def test_bfloat16_is_the_upper_half_of_float32() -> None:
    bits = np.array([0x3F80, 0xC020], np.uint16)

    found = variables.read(header(count=1) + variable("a", bits, 5) + struct.pack("<I", 0))

    assert found["a"].tolist() == [1.0, -2.5]


def test_an_empty_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()

    with pytest.raises(UnknownFormat, match="empty"):
        variables.read(tmp_path / "model.bin")


def test_the_embedded_model_is_read() -> None:
    found = variables.read(weights.in_starter().binary)

    assert int(found["encoder/num_heads"]) == 8
    assert found["encoder/conv1/weight"].shape == (512, 80, 3)
    assert "encoder/layer_5/ffn/linear_0/weight" in found
    assert "encoder/layer_6/ffn/linear_0/weight" not in found


@given(st.integers(0, len(MODEL) - 1))
def test_what_is_cut_off_is_no_model(length: int) -> None:
    with pytest.raises(UnknownFormat):
        variables.read(MODEL[:length])


@pytest.mark.parametrize("version", [0, 5, 7, 1 << 31])
def test_other_versions_of_the_format_are_unknown(version: int) -> None:
    with pytest.raises(UnknownFormat, match=f"version {version}"):
        variables.read(header(version=version))


@pytest.mark.parametrize(
    "content",
    [
        header(count=1) + variable("a", WEIGHT, 9) + struct.pack("<I", 0),
        header(count=1) + variable("a", WEIGHT, 0)[:-1] + b"\0" + struct.pack("<I", 0),
        header(count=0) + struct.pack("<I", 1) + alias("b", "missing"),
        b"\xff" * 100,
    ],
    ids=["of another type", "of another length", "alias of nothing", "noise"],
)
def test_what_makes_no_sense_is_no_model(content: bytes) -> None:
    with pytest.raises(UnknownFormat):
        variables.read(content)


@given(st.binary(max_size=200))
def test_whatever_it_is_it_is_read_or_refused(tail: bytes) -> None:
    with contextlib.suppress(UnknownFormat):
        variables.read(header(count=1) + tail)
