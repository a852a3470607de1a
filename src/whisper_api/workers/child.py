"""The worker process: it takes orders from a socket, runs the engine, and ends when the socket does.

    python -m whisper_api.workers.child DESCRIPTOR

Three kinds of threads: the main one reads orders and so notices at once when the server is gone; one runs the
engine, one job after another; a few look at uploads, so that these never wait for the engine.
"""

import contextlib
import faulthandler
import logging
import os
import queue
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from whisper_api.observe.logs import DiscreetFormatter
from whisper_api.speech import audio
from whisper_api.speech.errors import SpeechError
from whisper_api.workers.messages import (
    ORDERS,
    UNEXPECTED,
    Cancel,
    Cancelled,
    Decoded,
    Failed,
    Finished,
    Inspect,
    Inspected,
    Load,
    Loaded,
    LoadFailed,
    Logged,
    Order,
    Report,
    Run,
    Started,
    encode_report,
)

if TYPE_CHECKING:
    from whisper_api.speech.engine import Engine

logger = logging.getLogger(__name__)

_INSPECTORS = 4


class Child:
    """One worker's side of the conversation over ``connection``, a stream socket that carries descriptors."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._work: queue.SimpleQueue[Load | tuple[Run, int]] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        self._inspectors = ThreadPoolExecutor(_INSPECTORS, thread_name_prefix="inspector")

    def serve(self) -> None:
        """Carry out orders until the server hangs up."""
        threading.Thread(target=self._run_engine, name="engine", daemon=True).start()
        for order, recording in self._orders():
            match order:
                case Load():
                    self._work.put(order)
                case Inspect():
                    self._inspectors.submit(self._inspect, order, recording)
                case Run():
                    self._work.put((order, recording))
                case Cancel():
                    self._cancelled.add(order.job)

    def send(self, report: Report) -> None:
        with self._sending:
            self._connection.sendall(encode_report(report))

    def _orders(self) -> Iterator[tuple[Order, int]]:
        """Orders as they come, each with its recording's descriptor (-1 for an order without one)."""
        rest = b""
        descriptors: deque[int] = deque()
        while True:
            data, received, _, _ = socket.recv_fds(self._connection, 1 << 16, 16)
            if not data:
                return
            descriptors.extend(received)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                order = ORDERS.validate_json(line)
                yield order, descriptors.popleft() if isinstance(order, Inspect | Run) else -1

    def _inspect(self, order: Inspect, recording: int) -> None:
        with _closing(recording):
            try:
                facts = audio.inspect(recording)
            except SpeechError as error:
                self.send(Failed(order.job, str(error)))
            except Exception:
                logger.exception("Inspecting an upload failed.")
                self.send(Failed(order.job, audio.UNREADABLE))
            else:
                self.send(Inspected(order.job, facts.duration))

    def _run_engine(self) -> None:
        engine: Engine | None = None
        while True:
            match self._work.get():
                case Load() as order:
                    engine = self._load(order)
                case (Run() as order, recording):
                    with _closing(recording):
                        if engine is None:
                            self.send(Failed(order.job, "No model is loaded."))
                        else:
                            self._run(engine, order, recording)

    def _load(self, order: Load) -> "Engine | None":
        # Here and not above: the engine's libraries take a while to load, and inspecting does not need them.
        from whisper_api.speech.loading import load

        try:
            loaded = load(order.limit, order.cpu_limit, use_gpu=order.use_gpu, ask_hub=order.ask_hub)
        except SpeechError as error:
            self.send(LoadFailed(str(error)))
        except Exception as error:
            logger.exception("Loading a model failed.")
            self.send(LoadFailed(f"The model could not be loaded: {type(error).__name__}."))
        else:
            self.send(
                Loaded(
                    loaded.engine.name,
                    loaded.wanted,
                    loaded.device.kind,
                    loaded.device.compute_type,
                    " ".join(loaded.notes) or None,
                    loaded.hub_failed,
                )
            )
            return loaded.engine
        return None

    def _run(self, engine: "Engine", order: Run, recording: int) -> None:
        try:
            if order.job not in self._cancelled:
                info, segments = engine.transcribe(recording, order.options)
                self.send(Started(order.job, info.language, info.language_probability, info.duration))
                for segment in segments:
                    if order.job in self._cancelled:
                        break
                    self.send(Decoded(order.job, segment))
        except SpeechError as error:
            self.send(Failed(order.job, str(error)))
        except Exception:
            logger.exception("Transcribing failed.")
            self.send(Failed(order.job, UNEXPECTED))
        else:
            self.send(Cancelled(order.job) if order.job in self._cancelled else Finished(order.job))
        finally:
            self._cancelled.discard(order.job)


class _LogToServer(logging.Handler):
    """Log records go to the server, which alone writes log files."""

    def __init__(self, child: Child) -> None:
        super().__init__()
        self._child = child
        self.setFormatter(DiscreetFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError):  # the server is gone, and this process ends with it
            self._child.send(Logged(record.levelno, self.format(record)))


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def main(descriptor: int) -> None:
    faulthandler.enable()
    with contextlib.suppress(OSError):  # where memory gets tight, this process is the one to lose
        Path("/proc/self/oom_score_adj").write_text("1000")
    # The server decides when this process ends; a Ctrl-C or a service manager's signal goes to all of them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = Child(socket.socket(fileno=descriptor))
    logging.basicConfig(level=logging.WARNING, handlers=[_LogToServer(child)])
    logging.getLogger("whisper_api").setLevel(logging.INFO)
    with contextlib.suppress(OSError):  # sending to a server that is gone
        child.serve()
    os._exit(0)  # not sys.exit(): native code in the middle of a window would be waited for


if __name__ == "__main__":
    main(int(sys.argv[1]))
