"""The worker process: it takes orders from a socket, runs the engine, and ends when the socket does.

    python -m whisper_api.workers.child DESCRIPTOR

The main thread reads orders and so notices at once when the server is gone. One loads the model, a few look at
uploads, so that these never wait for the engine, and each job has one of its own; what jobs have in common is the
engine, with threads of its own that do the work of all jobs together.
"""

import contextlib
import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from whisper_api.forgetting import Scrubbing
from whisper_api.observe.logs import DiscreetFormatter
from whisper_api.speech import audio
from whisper_api.speech.errors import NoModel, SpeechError, WrongChecksum
from whisper_api.speech.options import Kind
from whisper_api.workers.messages import (
    ORDERS,
    UNEXPECTED,
    Cancel,
    Cancelled,
    Decoded,
    Detected,
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
    from whisper_api.speech.transcription import Transcription

logger = logging.getLogger(__name__)

_INSPECTORS = 4


class Child:
    """One worker's side of the conversation over ``connection``, a stream socket that carries descriptors."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._rest = b""
        self._descriptors: deque[int] = deque()
        self._engine: Engine | None = None
        self._running: dict[str, Transcription] = {}
        self._scrubbing = Scrubbing()
        self._inspectors = ThreadPoolExecutor(_INSPECTORS, thread_name_prefix="inspector")

    def serve(self) -> None:
        """Carry out orders until the server hangs up."""
        while self._receive():
            pass

    def send(self, report: Report) -> None:
        line = encode_report(report)
        with self._sending:
            self._connection.sendall(line)

    def _receive(self) -> bool:
        """Carry out the orders that come next; false when the server hung up.

        A method of its own: as variables of :meth:`serve` the last orders, and a prompt in them, would stay in memory
        until the next ones come.
        """
        data, received, _, _ = socket.recv_fds(self._connection, 1 << 16, 16)
        self._descriptors.extend(received)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._carry_out(ORDERS.validate_json(line))
        return bool(data)

    def _carry_out(self, order: Order) -> None:
        match order:
            case Load():
                threading.Thread(target=self._load, args=[order], name="loader", daemon=True).start()
            case Inspect():
                self._inspectors.submit(self._inspect, order, self._descriptors.popleft())
            case Run():
                self._start(order, self._descriptors.popleft())
            case Cancel():
                if transcription := self._running.get(order.job):
                    transcription.cancel()

    def _inspect(self, order: Inspect, recording: int) -> None:
        report: Report
        with _closing(recording), self._scrubbing.insisted_on():
            try:
                report = Inspected(order.job, audio.inspect(recording))
            except SpeechError as error:
                report = Failed(order.job, str(error))
            except Exception:
                logger.exception("Inspecting an upload failed.")
                report = Failed(order.job, audio.UNREADABLE)
        self.send(report)

    def _load(self, order: Load) -> None:
        # Here and not above: the engine's libraries take a while to load, and inspecting does not need them.
        from whisper_api.speech.loading import load

        try:
            with self._scrubbing.spared():
                loaded = load(order.limit, order.cpu_limit, use_gpu=order.use_gpu, ask_hub=order.ask_hub)
        except SpeechError as error:
            self.send(LoadFailed(str(error), hub_failed=isinstance(error, WrongChecksum)))
        except Exception as error:
            logger.exception("Loading a model failed.")
            self.send(LoadFailed(f"The model could not be loaded: {type(error).__name__}."))
        else:
            self._engine = loaded.engine
            self.send(
                Loaded(
                    loaded.engine.name,
                    loaded.wanted,
                    loaded.device.kind,
                    loaded.engine.compute_type,
                    " ".join(loaded.notes) or None,
                    loaded.engine.plan.recordings_at_once,
                    loaded.hub_failed,
                    loaded.engine.plan.lanes,
                )
            )

    def _start(self, order: Run, recording: int) -> None:
        """Give the job a thread; it joins the engine here and now, so that jobs begin in the order of arrival."""
        try:
            if self._engine is None:
                raise NoModel("No model is loaded.")
            transcription = self._engine.transcribe(recording, order.options)
        except Exception as error:
            os.close(recording)
            self.send(_failure(order.job, error))
            return
        self._running[order.job] = transcription
        arguments = (order.job, order.options.task, transcription, recording)
        threading.Thread(target=self._run, args=arguments, name="job", daemon=True).start()

    def _run(self, job: str, task: Kind, transcription: "Transcription", recording: int) -> None:
        try:
            with _closing(recording):
                ending = self._follow(job, transcription, task)
        finally:
            del self._running[job]
        self.send(ending)

    def _follow(self, job: str, transcription: "Transcription", task: Kind) -> Report:
        """Send on what is said, and answer how it ended."""
        from whisper_api.speech.batcher import Cancelled as CalledOff

        told: Started | None = None
        try:
            for part in transcription.parts():
                started = _started(job, transcription)
                if started is not None and (told is None or told.language != started.language):
                    self.send(started)
                    told = started
                self.send(Decoded(job, part.segments, part.until))
            if told is not None and (started := _started(job, transcription)) not in (None, told):
                self.send(started)  # how likely it is was known less well
            if task == "detect_language":
                self.send(Detected(job, transcription.languages))
                return Finished(job, None)
            assert transcription.duration is not None
            return Finished(job, transcription.duration, transcription.waveform.peaks)
        except CalledOff:
            return Cancelled(job)
        except Exception as error:
            return _failure(job, error)


def _started(job: str, transcription: "Transcription") -> Started | None:
    """What is known of the language by now, which may become another as more is heard."""
    language = transcription.language
    return None if language is None else Started(job, language, transcription.language_probability)


class _LogToServer(logging.Handler):
    """Log records go to the server, which alone writes log files."""

    def __init__(self, child: Child) -> None:
        super().__init__()
        self._child = child
        self.setFormatter(DiscreetFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError):  # the server is gone, and this process ends with it
            self._child.send(Logged(record.levelno, self.format(record)))


def _failure(job: str, error: Exception) -> Failed:
    """What the server is told of ``error``; one that nobody foresaw is described in the log."""
    if isinstance(error, SpeechError):
        return Failed(job, str(error))
    logger.error("Transcribing failed.", exc_info=error)
    return Failed(job, UNEXPECTED)


def _end(failure: threading.ExceptHookArgs) -> None:
    """A thread that ends unexpectedly would leave others waiting for it: the server starts this process anew."""
    if failure.exc_value is not None:
        logger.critical("A thread of the worker failed.", exc_info=failure.exc_value)
    os._exit(1)


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
    threading.excepthook = _end
    with contextlib.suppress(OSError):  # sending to a server that is gone
        child.serve()
    os._exit(0)  # not sys.exit(): native code in the middle of a window would be waited for


if __name__ == "__main__":
    main(int(sys.argv[1]))
