"""How throughput and latency change with the number of clients. One JSON line a number, and a picture.

usage: python benchmarks/clients.py [--clients 1 2 4 8 16 32] [--picture docs/clients.svg] [--data DIR] [--limit N]
"""

import argparse
import json
from pathlib import Path

from load import Load, load
from server import running_server
from utterances import add_options, read, word_error_rate


def main(options: argparse.Namespace) -> None:
    utterances = read(options)
    files = [utterance.file for utterance in utterances]
    seconds = sum(utterance.seconds for utterance in utterances)
    seen = []
    with running_server() as server:
        for clients in options.clients:
            seen.append(load(server.url, files, clients=clients))
            print(json.dumps(_line(seen[-1], seconds, [utterance.text for utterance in utterances])), flush=True)
    if options.picture:
        _draw(seen, seconds, options.picture)


def _line(seen: Load, seconds: float, said: list[str]) -> dict[str, object]:
    return {
        "benchmark": "clients",
        "clients": seen.clients,
        "throughput": round(seconds / seen.wall, 2),
        "p50_s": round(seen.median_latency, 2),
        "p95_s": round(seen.late, 2),
        "wer": round(word_error_rate(said, seen.texts), 2),
    }


def _draw(seen: list[Load], seconds: float, picture: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    # No date and no random names in it: the same figures give the same file.
    mpl.rcParams.update({"svg.hashsalt": "clients", "font.size": 11})
    clients = [str(load.clients) for load in seen]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.bar(clients, [seconds / load.wall for load in seen], color="#2f6f6a")
    left.set(xlabel="clients at once", ylabel="seconds of audio a second", title="Throughput")
    right.plot(clients, [load.late for load in seen], "o-", color="#b4552d", label="95 of 100 are faster")
    right.plot(clients, [load.median_latency for load in seen], "o-", color="#2f6f6a", label="half are faster")
    right.set(xlabel="clients at once", ylabel="seconds from POST to text", title="Latency", ylim=(0, None))
    right.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--picture", type=Path)
    add_options(parser)
    main(parser.parse_args())
