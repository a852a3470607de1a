"""What the OpenAPI document promises, the server keeps, whatever is sent to it."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .conftest import Start

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_EXAMPLES = 15
_PATIENCE_SECONDS = 60


def test_no_request_makes_the_server_fail_or_say_what_it_does_not_promise(start: Start) -> None:
    server = start()
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    tried = set()

    for read in schema.get_all_operations():
        assert isinstance(read, Ok), read
        operation = read.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def conversation(case: Case[Any]) -> None:
            case.call_and_validate(checks=_CHECKS, timeout=_PATIENCE_SECONDS)

        conversation()
        tried.add(f"{operation.method.upper()} {operation.path}")

    assert {"POST /api/v1/transcribe", "POST /v1/audio/transcriptions", "GET /api/v1/events"} <= tried
    assert server.client.get("/readyz").status_code == 200
