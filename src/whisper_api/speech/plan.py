"""How the work is laid out on a device: how many lanes, how long a window, how much in a batch.

The numbers come from ``benchmarks/windows.py``; docs/benchmarks.md has the table.
"""

import math
from dataclasses import dataclass

from whisper_api.speech.devices import Device
from whisper_api.speech.processor import has_amx, lanes_for, threads_for, usable_cores
from whisper_api.speech.windows import LONGEST_SECONDS


@dataclass(frozen=True, slots=True)
class Plan:
    """``lanes`` are workers of CTranslate2 that share the weights, each with ``threads`` of the CPU.

    A window holds up to ``speech_seconds`` of speech. The encoder sees it with ``margin_seconds`` of silence after
    it, and at least ``smallest_seconds``, rounded up to a multiple of ``bucket_seconds``. The decoder listens to what
    came of the speech and ``decoder_margin_seconds`` more, rounded up to a multiple of ``company_seconds``, so that
    more windows have one length and can be decoded together. So many windows of one length are encoded at once, and so
    many seconds of windows decoded at once, with so many hypotheses for all of them. ``recordings_at_once`` take part.
    """

    lanes: int
    threads: int
    speech_seconds: float
    margin_seconds: float
    bucket_seconds: float
    smallest_seconds: float
    decoder_margin_seconds: float
    company_seconds: float
    encoded_at_once: int
    decoded_seconds_at_once: float
    hypotheses_at_once: int
    recordings_at_once: int

    def encoder_seconds(self, speech_seconds: float) -> float:
        """How long a window the encoder sees for so much speech."""
        return _rounded(max(speech_seconds + self.margin_seconds, self.smallest_seconds), self.bucket_seconds)

    def decoder_seconds(self, speech_seconds: float) -> float:
        """How long a window the decoder listens to for so much speech."""
        return _rounded(speech_seconds + self.decoder_margin_seconds, self.company_seconds)

    @property
    def windows_ahead(self) -> int:
        """How many windows keep all lanes busy, those that are decoded and those that are encoded meanwhile."""
        longest = self.decoder_seconds(self.speech_seconds)
        return self.lanes * (self.decoded_at_once(longest) + self.encoded_at_once)

    def decoded_at_once(self, decoder_seconds: float, *, hypotheses: int = 1) -> int:
        """How many windows of a length are decoded together, with so many hypotheses for each."""
        return max(1, min(int(self.decoded_seconds_at_once / decoder_seconds), self.hypotheses_at_once // hypotheses))


def plan_for(device: Device, *, cores: int | None = None, avx512: bool | None = None, amx: bool | None = None) -> Plan:
    """The plan for a device; for a CPU with so many ``cores``, and ``avx512`` or ``amx``, or for the one at hand.

    ``amx`` also stands for OpenVINO, which makes use of it.
    """
    if device.kind == "cuda":
        # A GPU does a full window about as fast as a short one, and wants many at a time.
        return Plan(
            lanes=1,
            threads=1,
            speech_seconds=28,
            margin_seconds=8,
            bucket_seconds=10,
            smallest_seconds=10,
            decoder_margin_seconds=8,
            company_seconds=10,
            encoded_at_once=8,
            decoded_seconds_at_once=240,
            hypotheses_at_once=80,
            recordings_at_once=64,
        )
    cores = cores or usable_cores()
    amx = has_amx() if amx is None else amx
    return Plan(
        lanes=lanes_for(cores),
        threads=threads_for(cores, avx512=avx512),
        speech_seconds=20,
        margin_seconds=4,
        # The encoder's output has a multiple of 64 places then, unless it is of the full 30 s, which AMX multiplies
        # faster than any other number; and OpenVINO keeps 6 MB for every length that it has seen.
        bucket_seconds=1.28 if amx else 0.5,
        smallest_seconds=12,
        decoder_margin_seconds=3,
        company_seconds=2,
        encoded_at_once=1,
        decoded_seconds_at_once=24,
        # Two windows with five each would take 200 MB, in every lane.
        hypotheses_at_once=5,
        recordings_at_once=max(32, 4 * cores),
    )


def _rounded(seconds: float, step: float) -> float:
    return min(math.ceil(seconds / step) * step, LONGEST_SECONDS)
