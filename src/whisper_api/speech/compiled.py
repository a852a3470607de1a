"""A network as OpenVINO runs it, which keeps nothing of what went through it."""

import queue
import threading
from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray

from whisper_api.speech.memory import give_back


class Compiled:
    """``network``, or one in a file, for the CPU: ``lanes`` run at once, with ``threads`` each; others wait."""

    def __init__(self, network: openvino.Model | Path, *, lanes: int, threads: int, precision: str) -> None:
        self._compiled = openvino.Core().compile_model(
            network,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": precision,
                "INFERENCE_NUM_THREADS": lanes * threads,
                "NUM_STREAMS": lanes,
                # Pinned to cores, they would get into the way of everything else that this process does.
                "ENABLE_CPU_PINNING": False,
            },
        )
        self._lanes = lanes
        self._free: queue.SimpleQueue[openvino.InferRequest] = queue.SimpleQueue()
        for _ in range(lanes):
            self._free.put(self._compiled.create_infer_request())
        self._forgetting = threading.Lock()

    def __call__(self, *inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """What comes of ``inputs``, which are zeros afterwards: they are held until the next ones come."""
        request = self._free.get()
        try:
            try:
                request.infer(list(inputs), share_inputs=True, share_outputs=True)
                outputs = [tensor.data for tensor in request.output_tensors]
                copies = [output.copy() for output in outputs]
                for output in outputs:
                    output.fill(0)  # OpenVINO never gives this piece of memory back
            finally:
                for one in inputs:
                    one.fill(0)
        finally:
            self._free.put(request)
        return copies

    def forget(self) -> None:
        """Give back all memory that was computed in; whatever is being computed is waited for."""
        with self._forgetting:  # two of them, each with a part of the requests, would wait for each other
            requests = [self._free.get() for _ in range(self._lanes)]
            try:
                self._compiled.release_memory()
            finally:
                for request in requests:
                    self._free.put(request)
        give_back()
