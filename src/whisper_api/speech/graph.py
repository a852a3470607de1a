"""Whisper's encoder as a graph of OpenVINO, which computes it in bfloat16.

The layers are those of Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022): two
convolutions, sinusoids for the positions, and transformer blocks with their norms in front.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as ops

from whisper_api.speech.compiled import Compiled
from whisper_api.speech.encoder import Encoded, one_by_one
from whisper_api.speech.variables import UnknownFormat, Variables

BYTES_A_WEIGHT = 8
"""What a weight takes: OpenVINO keeps it in float16 and in bfloat16, and windows take as much again."""

_EPSILON = 1e-5  # of the layers' norms
_FIRST_FRAMES = 1280  # those of a short recording

Node = Any  # openvino's own, or an output of one: its operations take both


class GraphEncoder:
    """The encoder that ``variables`` describe, for ``lanes`` at a time with so many ``threads`` each.

    Raises UnknownFormat where they describe none.
    """

    def __init__(self, variables: Variables, *, lanes: int, threads: int, precision: str = "bf16") -> None:
        try:
            graph = _Layers(variables).graph()
        except KeyError as error:
            raise UnknownFormat(f"model.bin lacks {error}") from error
        self._network = Compiled(graph, lanes=lanes, threads=threads, precision=precision)
        # Weights are put into the order that they are multiplied in when they are first used.
        self.encode([np.zeros((_mels(variables), _FIRST_FRAMES), np.float32)])
        self.forget()

    def encode(self, features: Sequence[NDArray[np.float32]]) -> list[Encoded]:
        """Encode spectrograms of one shape, (mels, frames)."""
        [encoded] = self._network(np.stack(features))
        return one_by_one(encoded)

    def forget(self) -> None:
        """Keep nothing of what was encoded; whatever is being encoded is waited for."""
        self._network.forget()


class _Layers:
    """Puts the graph together, a method a kind of layer."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables
        self._heads = int(variables["encoder/num_heads"])
        [self._state] = variables["encoder/layer_norm/gamma"].shape

    def graph(self) -> openvino.Model:
        features = ops.parameter([-1, _mels(self._variables), -1], np.float32, name="features")
        heard = self._convolution(features, "conv1", stride=1)
        heard = self._convolution(heard, "conv2", stride=2)
        state = self._with_positions(_transposed(heard, 0, 2, 1))
        layer = 0
        while f"encoder/layer_{layer}/ffn/linear_0/weight" in self._variables:
            state = ops.add(state, self._attention(state, f"layer_{layer}/self_attention"))
            state = ops.add(state, self._feed_forward(state, f"layer_{layer}/ffn"))
            layer += 1
        return openvino.Model([self._norm(state, "layer_norm")], [features], "encoder")

    def _convolution(self, state: Node, name: str, *, stride: int) -> Node:
        convolved = ops.convolution(state, self._weight(f"{name}/weight"), [stride], [1], [1], [1])
        bias = ops.unsqueeze(self._weight(f"{name}/bias"), _integers(0, 2))
        return ops.gelu(ops.add(convolved, bias), "erf")

    def _with_positions(self, state: Node) -> Node:
        length = ops.gather(ops.shape_of(state), _integers(1), _integers(0))
        positions = self._weight("position_encodings/encodings")
        return ops.add(state, ops.slice(positions, _integers(0), length, _integers(1), _integers(0)))

    def _attention(self, state: Node, name: str) -> Node:
        together = self._linear(self._norm(state, f"{name}/layer_norm"), f"{name}/linear_0")
        heads = ops.reshape(together, _integers(0, 0, 3, self._heads, -1), special_zero=True)
        query, key, value = ops.split(_transposed(heads, 2, 0, 3, 1, 4), ops.constant(0), 3).outputs()
        attended = ops.scaled_dot_product_attention(*(ops.squeeze(one, _integers(0)) for one in (query, key, value)))
        attended = ops.reshape(_transposed(attended, 0, 2, 1, 3), _integers(0, 0, self._state), special_zero=True)
        return self._linear(attended, f"{name}/linear_1")

    def _feed_forward(self, state: Node, name: str) -> Node:
        wide = ops.gelu(self._linear(self._norm(state, f"{name}/layer_norm"), f"{name}/linear_0"), "erf")
        return self._linear(wide, f"{name}/linear_1")

    def _linear(self, state: Node, name: str) -> Node:
        product = ops.matmul(state, self._weight(f"{name}/weight"), transpose_a=False, transpose_b=True)
        return ops.add(product, self._weight(f"{name}/bias"))

    def _norm(self, state: Node, name: str) -> Node:
        normal = ops.mvn(state, _integers(2), True, _EPSILON, "inside_sqrt")
        return ops.add(ops.multiply(normal, self._weight(f"{name}/gamma")), self._weight(f"{name}/beta"))

    def _weight(self, name: str) -> Node:
        weight = self._variables[f"encoder/{name}"].astype(np.float32)
        scales = self._variables.get(f"encoder/{name}_scale")
        if scales is not None:  # quantized, row by row
            weight /= scales.reshape(-1, *[1] * (weight.ndim - 1))
        if weight.ndim == 1 or np.abs(weight).max() > np.finfo(np.float16).max:
            return ops.constant(weight)
        expanded = ops.convert(ops.constant(weight.astype(np.float16)), np.float32)
        # OpenVINO marks weights so where it writes a model in float16 (save_model). Without the mark it would expand
        # them as soon as the model is loaded, and keep them in float32.
        expanded.get_rt_info()["decompression_0"] = ""
        return expanded


def _mels(variables: Variables) -> int:
    return int(variables["encoder/conv1/weight"].shape[1])


def _transposed(state: Node, *order: int) -> Node:
    return ops.transpose(state, _integers(*order))


def _integers(*values: int) -> Node:
    return ops.constant(np.array(values, np.int64))
