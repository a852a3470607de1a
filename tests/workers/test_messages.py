"""What server and worker say to each other survives the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from whisper_api.speech.options import Options
from whisper_api.transcript import Segment, Word
from whisper_api.workers.messages import (
    ORDERS,
    REPORTS,
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
    encode_order,
    encode_report,
)

texts = st.text(max_size=60)
numbers = st.floats(allow_nan=False, allow_infinity=False)
seconds = st.floats(0, 1e6)
segments = st.builds(
    Segment,
    seconds, seconds, texts, numbers, numbers, numbers,
    words=st.lists(st.builds(Word, texts, seconds, seconds, numbers), max_size=3).map(tuple),
)  # fmt: skip
orders: st.SearchStrategy[Order] = st.one_of(
    st.builds(Load, st.none() | texts, texts, use_gpu=st.booleans(), ask_hub=st.booleans()),
    st.builds(Inspect, texts),
    st.builds(
        Run, texts, st.builds(Options, st.sampled_from(["transcribe", "translate"]), st.none() | st.just("de"))
    ),
    st.builds(Cancel, texts),
)  # fmt: skip
reports: st.SearchStrategy[Report] = st.one_of(
    st.builds(
        Loaded, texts, texts, st.sampled_from(["cuda", "cpu"]), texts, st.none() | texts,
        recordings_at_once=st.integers(1, 99), hub_failed=st.booleans(), lanes=st.integers(1, 99),
    ),
    st.builds(LoadFailed, texts),
    st.builds(Inspected, texts, st.none() | seconds),
    st.builds(Started, texts, texts, numbers),
    st.builds(Decoded, texts, st.lists(segments, max_size=3).map(tuple), seconds),
    st.builds(Finished, texts, seconds),
    st.builds(Failed, texts, texts),
    st.builds(Cancelled, texts),
    st.builds(Logged, st.integers(0, 50), texts),
)  # fmt: skip


@given(orders)
def test_an_order_is_one_line_that_says_the_same_at_the_other_end(order: Order) -> None:
    line = encode_order(order)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert ORDERS.validate_json(line) == order


@given(reports)
def test_a_report_is_one_line_that_says_the_same_at_the_other_end(report: Report) -> None:
    line = encode_report(report)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert REPORTS.validate_json(line) == report


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"not json",
        b"{}",
        b'{"kind": "shutdown"}',
        b'{"kind": "finished", "duration": 1.5}',
        b'{"kind": "finished", "job": "1"}',
        b'{"kind": "decoded", "job": "1", "segments": []}',
        b'{"kind": "decoded", "job": "1", "segments": "said", "until": 1.5}',
        b'{"kind": "inspected", "job": "1", "duration": "long"}',
        b'{"kind": "run", "job": "1"}',
        b'{"kind": "loaded", "model": "base", "wanted": "base", "device": "tpu", "compute_type": "x", "note": null}',
    ],
)
def test_what_is_no_report_is_refused(line: bytes) -> None:
    with pytest.raises(ValidationError):
        REPORTS.validate_json(line)


@pytest.mark.parametrize(
    "line",
    [b'{"kind": "finished", "job": "1"}', b'{"kind": "run", "job": "1", "options": {"task": "sing"}}', b"{}"],
)
def test_what_is_no_order_is_refused(line: bytes) -> None:
    with pytest.raises(ValidationError):
        ORDERS.validate_json(line)


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_a_measure_that_is_no_number_does_not_break_the_conversation(odd: float) -> None:
    line = encode_report(Decoded("job", (Segment(0, 1, "text", odd, odd, odd),), until=odd))

    report = REPORTS.validate_json(line)

    assert isinstance(report, Decoded)
    assert str(report.segments[0].avg_logprob) == str(report.until) == str(odd)
