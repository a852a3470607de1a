"""How far the time that the server says it will take is off. One JSON line.

All utterances are sent at once, after two that it learns its pace from; what each upload's answer says is compared with
when its text was there.

usage: python benchmarks/eta.py [--data DIR] [--limit N]
"""

import argparse
import asyncio
import json
import statistics
import time

import httpx

from server import running_server
from utterances import add_options, read

_PATIENCE_SECONDS = 900


def main(options: argparse.Namespace) -> None:
    recordings = [utterance.file.read_bytes() for utterance in read(options)]
    with running_server() as server:
        said = asyncio.run(_said_and_done(server.url, recordings))
    errors = sorted(abs(eta - took) / took for eta, took in said)
    figures = {
        "clips": len(errors),
        "median_error_percent": round(100 * statistics.median(errors), 1),
        "p90_error_percent": round(100 * errors[int(0.9 * (len(errors) - 1))], 1),
        "median_bias_percent": round(100 * statistics.median((eta - took) / took for eta, took in said), 1),
    }
    print(json.dumps({"benchmark": "eta", **figures}))


async def _said_and_done(url: str, recordings: list[bytes]) -> list[tuple[float, float]]:
    """For each recording, the seconds that the server says it will take, and those that it took."""
    async with httpx.AsyncClient(
        base_url=url, timeout=_PATIENCE_SECONDS, limits=httpx.Limits(max_connections=None)
    ) as http:

        async def sent(recording: bytes, *, wait: int = 0) -> httpx.Response:
            answer = await http.post("/api/v1/transcribe", params={"wait": wait}, files={"file": recording})
            return answer.raise_for_status()

        async def followed(recording: bytes) -> tuple[float, float]:
            task = (await sent(recording)).json()
            eta, began = task["eta_seconds"], time.perf_counter()
            while task["status"] in ("pending", "processing"):
                query = {"task_id": task["task_id"], "wait": 600}
                task = (await http.get("/api/v1/status", params=query)).raise_for_status().json()
            return eta, time.perf_counter() - began

        for recording in recordings[:2]:
            await sent(recording, wait=600)
        return await asyncio.gather(*(followed(recording) for recording in recordings))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    main(parser.parse_args())
