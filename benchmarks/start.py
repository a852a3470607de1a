"""How long the server takes from its start until it is ready, with the starter model. One JSON line.

usage: python benchmarks/start.py [RUNS]
"""

import json
import statistics
import sys

from server import running_server


def main(runs: int = 3) -> None:
    seconds = []
    for _ in range(runs):
        with running_server() as server:
            seconds.append(server.ready - server.started)
    print(json.dumps({"benchmark": "start", "runs": runs, "ready_s": round(statistics.median(seconds), 2)}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
