"""Where the time goes: what each part of the pipeline takes of the lanes' time. One JSON line.

The engine alone, with eight clients; a part's time is what its calls lasted, so what it waited for a core is in it.

usage: python benchmarks/parts.py [--data DIR] [--limit N]
"""

# ruff: noqa: E402
from whisper_api.speech.processor import leave_cores_to_lanes

leave_cores_to_lanes()

import argparse
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from utterances import add_options, read
from whisper_api.speech import weights
from whisper_api.speech.decoder import Decoder
from whisper_api.speech.encoder import PlainEncoder
from whisper_api.speech.engine import Engine
from whisper_api.speech.features import LogMel
from whisper_api.speech.hypothesis import Attempt
from whisper_api.speech.options import USUAL_BEAM
from whisper_api.speech.silero import CompiledSilero, PlainSilero
from whisper_api.speech.windows import LONGEST_SECONDS


class Stopwatch:
    """Adds up what calls of methods last, by the name that ``part`` gives a call for its arguments."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def watch(self, owner: type, method: str, part: Callable[..., str]) -> None:
        original = getattr(owner, method)

        def timed(instance: Any, *arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return original(instance, *arguments, **named)
            finally:
                with self._lock:
                    name = part(*arguments)
                    self.seconds[name] += time.perf_counter() - began
                    self.calls[name] += 1

        setattr(owner, method, timed)


def main(options: argparse.Namespace) -> None:
    utterances = read(options)
    watch = Stopwatch()
    watch.watch(PlainSilero, "__call__", lambda *_: "voice activity")
    watch.watch(CompiledSilero, "__call__", lambda *_: "voice activity")
    watch.watch(LogMel, "__call__", lambda *_: "features")
    watch.watch(PlainEncoder, "encode", _encoding)
    with suppress(ImportError):
        from whisper_api.speech.graph import GraphEncoder

        watch.watch(GraphEncoder, "encode", _encoding)
    watch.watch(Decoder, "detect_language", lambda *_: "language")
    watch.watch(Decoder, "decode", _decoding)
    engine = Engine.load(weights.in_starter())
    list(engine.transcribe(utterances[0].file))
    watch.seconds.clear()
    watch.calls.clear()
    began, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda utterance: list(engine.transcribe(utterance.file)), utterances))
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    report = {"audio_s": sum(utterance.seconds for utterance in utterances), "wall_s": wall, "cpu_s": cpu}
    parts = {name: {"s": round(watch.seconds[name], 1), "calls": watch.calls[name]} for name in sorted(watch.seconds)}
    rounded = {name: round(value, 1) for name, value in report.items()}
    print(json.dumps({"benchmark": "parts", "lanes": engine.plan.lanes, **rounded, "parts": parts}))


def _encoding(features: list[Any], *_: Any) -> str:
    return "encoder, again over 30 s" if features[0].shape[1] >= LONGEST_SECONDS * 100 else "encoder"


def _decoding(_encoded: Any, _prompts: Any, attempt: Attempt, *_: Any) -> str:
    is_first = attempt.temperature == 0 and attempt.beam_size == USUAL_BEAM and not attempt.whole
    return "decoder" if is_first else "decoder, again"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    main(parser.parse_args())
