"""What the server and its worker process say to each other: one line of JSON a message.

JSON, checked on arrival, and never pickles: the worker reads what strangers upload, so what it says is data.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from whisper_api.speech.options import Options
from whisper_api.transcript import Segment

# What a person is told of a failure whose reason is for the log alone.
UNEXPECTED = "The server could not process this recording: an unexpected error that its log describes."

# ---- to the worker -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """Load a model: the best one up to ``limit`` (a name or a directory; None: the best that fits).

    ``cpu_limit`` takes the place of a missing ``limit`` on a CPU.
    """

    limit: str | None
    cpu_limit: str
    use_gpu: bool
    ask_hub: bool
    kind: Literal["load"] = "load"


@dataclass(frozen=True, slots=True)
class Inspect:
    """Say whether the recording that comes with this message can be read."""

    job: str
    kind: Literal["inspect"] = "inspect"


@dataclass(frozen=True, slots=True)
class Run:
    """Turn the recording that comes with this message into text."""

    job: str
    options: Options
    kind: Literal["run"] = "run"


@dataclass(frozen=True, slots=True)
class Cancel:
    job: str
    kind: Literal["cancel"] = "cancel"


# ---- from the worker ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loaded:
    """``model`` is in memory; ``wanted`` is what was asked for, ``note`` says why it is another one.

    So many ``recordings_at_once`` can be worked on, and a window of speech in each of the ``lanes``. ``hub_failed``
    where the model hub was asked in vain.
    """

    model: str
    wanted: str
    device: Literal["cuda", "cpu"]
    compute_type: str
    note: str | None
    recordings_at_once: int = 1
    hub_failed: bool = False
    lanes: int = 1
    kind: Literal["loaded"] = "loaded"


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """No model is in memory, and why. ``hub_failed`` where the model hub is not to be asked again."""

    reason: str
    hub_failed: bool = False
    kind: Literal["load_failed"] = "load_failed"


@dataclass(frozen=True, slots=True)
class Inspected:
    """``duration`` in seconds as the recording states it, or None."""

    job: str
    duration: Annotated[float, Field(ge=0)] | None
    kind: Literal["inspected"] = "inspected"


@dataclass(frozen=True, slots=True)
class Started:
    """The language was made out, or made out anew; text follows."""

    job: str
    language: str
    language_probability: float | None
    kind: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was said up to ``until``, in seconds of the recording, since the last such report."""

    job: str
    segments: tuple[Segment, ...]
    until: float
    kind: Literal["decoded"] = "decoded"


@dataclass(frozen=True, slots=True)
class Detected:
    """How likely each of the ``languages`` is, the likeliest first; none where nobody speaks."""

    job: str
    languages: dict[str, float]
    kind: Literal["detected"] = "detected"


@dataclass(frozen=True, slots=True)
class Finished:
    """All was read that was needed; if that was all of it, it was of so many seconds, measured, and so loud."""

    job: str
    duration: float | None
    peaks: tuple[float, ...] = ()
    kind: Literal["finished"] = "finished"


@dataclass(frozen=True, slots=True)
class Failed:
    """The job cannot be done, for a reason that whoever sent the recording may read."""

    job: str
    reason: str
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Cancelled:
    job: str
    kind: Literal["cancelled"] = "cancelled"


@dataclass(frozen=True, slots=True)
class Logged:
    level: int
    message: str
    kind: Literal["logged"] = "logged"


Order = Load | Inspect | Run | Cancel
Progress = Started | Decoded | Detected | Finished
JobReport = Inspected | Progress | Failed | Cancelled
Report = JobReport | Loaded | LoadFailed | Logged

# Without pydantic's cache of strings, which would keep what people said for as long as the process lives.
_FORGETFUL = ConfigDict(cache_strings="none", ser_json_inf_nan="constants")
ORDERS: TypeAdapter[Order] = TypeAdapter(Annotated[Order, Field(discriminator="kind")], config=_FORGETFUL)
REPORTS: TypeAdapter[Report] = TypeAdapter(Annotated[Report, Field(discriminator="kind")], config=_FORGETFUL)


def encode_order(order: Order) -> bytes:
    return ORDERS.dump_json(order) + b"\n"


def encode_report(report: Report) -> bytes:
    return REPORTS.dump_json(report) + b"\n"
