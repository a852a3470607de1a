"""Subtitles as FFmpeg reads them, and with it most players."""

import io
from typing import cast

import av
from av.subtitles.subtitle import AssSubtitle


def raw(file: str, name: str) -> list[str]:
    """Each cue as it stands in a file of the format ``name``."""
    with av.open(io.BytesIO(file.encode()), mode="r", format=name) as container:
        packets = container.demux(container.streams.subtitles[0])
        return [bytes(packet).decode() for packet in packets if packet.size]


def shown(file: str, name: str) -> list[str]:
    """What is shown of each cue, in the markup of ASS."""
    with av.open(io.BytesIO(file.encode()), mode="r", format=name) as container:
        packets = [packet for packet in container.demux(container.streams.subtitles[0]) if packet.size]
        events = [cast("AssSubtitle", event) for packet in packets for event in packet.decode()]
        return [event.ass.decode().split(",", 8)[8] for event in events]
