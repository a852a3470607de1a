"""A model hub on the loopback interface that has one model, as far as the hub's client needs one."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def running_hub(repository: str, revision: str, directory: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve the files of ``directory``; gives the hub's address and the paths that were asked for, as they come."""
    asked: list[str] = []
    names = sorted(path.name for path in directory.iterdir() if path.is_file())

    class Hub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path.startswith(f"/api/models/{repository}/revision/{revision}"):
                files = [{"rfilename": name} for name in names]
                self._json({"id": repository, "modelId": repository, "sha": revision, "siblings": files})
            elif self.path.startswith(f"/api/models/{repository}/tree/{revision}"):
                self._json(
                    [
                        {
                            "type": "file",
                            "path": name,
                            "size": (directory / name).stat().st_size,
                            "oid": _etag(directory / name),
                        }
                        for name in names
                    ]
                )
            elif self.path.startswith(f"/{repository}/resolve/{revision}/") and self.path.rpartition("/")[2] in names:
                self._file(directory / self.path.rpartition("/")[2])
            elif self.path == "/":
                self._json({})
            else:
                self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def _json(self, value: object) -> None:
            self._answer(json.dumps(value).encode(), {"Content-Type": "application/json"})

        def _file(self, path: Path) -> None:
            self._answer(path.read_bytes(), {"ETag": f'"{_etag(path)}"', "X-Repo-Commit": revision})

        def _answer(self, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing: tests look at ``asked``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
