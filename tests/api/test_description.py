"""The OpenAPI document: valid, and complete."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.api.conftest import Server

Json = dict[str, Any]


@pytest.fixture
async def document(server: Server) -> Json:
    document: Json = (await server.http.get("/openapi.json")).json()
    return document


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def uploads(document: Json) -> Iterator[tuple[str, Json]]:
    for name, operation in operations(document):
        if "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
            yield name, operation


async def test_the_document_is_valid(document: Json) -> None:
    validate(document)


async def test_every_operation_says_what_it_does(document: Json) -> None:
    assert [name for name, operation in operations(document) if not operation.get("description")] == []


async def test_every_parameter_says_what_it_means(document: Json) -> None:
    silent = [
        f"{name} {parameter['name']}"
        for name, operation in operations(document)
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    assert silent == []


async def test_every_field_of_a_form_says_what_it_means(document: Json) -> None:
    for name, operation in uploads(document):
        schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert "file" in schema["required"]
        for field, described in schema["properties"].items():
            assert described.get("description"), f"{name} {field}"


async def test_every_field_of_a_corrected_transcript_says_what_it_means(document: Json) -> None:
    body = document["paths"]["/api/v1/result"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    segment = body["properties"]["segments"]["items"]

    for part in (body, segment, segment["properties"]["words"]["items"]):
        assert part["additionalProperties"] is False
        for field, described in part["properties"].items():
            assert described.get("description"), field
            assert described.get("examples") or explains_itself(described), field


async def test_every_field_of_an_answer_says_what_it_means(document: Json) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description") and "$ref" not in described
    ]
    assert silent == []


async def test_every_event_and_what_it_tells_is_described(document: Json) -> None:
    told = [event["properties"] for event in events(document, "/api/v1/events", "get")]

    assert [event["event"]["const"] for event in told] == [
        "queued", "started", "segment", "progress", "finished", "failed"
    ]  # fmt: skip
    for event in told:
        for field, described in event["data"]["contentSchema"]["properties"].items():
            assert described.get("description") or "$ref" in described, field


async def test_every_event_of_openais_streams_is_described(document: Json) -> None:
    told = [event["properties"] for event in events(document, "/v1/audio/transcriptions", "post")]

    kinds = [event["data"]["contentSchema"]["properties"]["type"]["const"] for event in told]
    assert kinds == ["transcript.text.delta", "transcript.text.done"]


async def test_what_events_are_made_of_is_there(document: Json) -> None:
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))

    assert named <= set(document["components"]["schemas"])
    assert {"WordModel", "Logprob"} <= named


def events(document: Json, path: str, method: str) -> list[Json]:
    content = document["paths"][path][method]["responses"]["200"]["content"]["text/event-stream"]
    described: list[Json] = content["schema"]["contentSchema"]["items"]["oneOf"]
    return described


async def test_every_upload_says_what_may_go_wrong(document: Json) -> None:
    for name, operation in uploads(document):
        assert {"400", "408", "413", "503"} <= set(operation["responses"]), name
        assert "Retry-After" in operation["responses"]["503"]["headers"], name


async def test_every_field_of_an_answer_has_an_example_or_needs_none(document: Json) -> None:
    without = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("examples") and not explains_itself(described)
    ]
    assert without == []


def explains_itself(described: Json) -> bool:
    """Whether a field has few values, or is made of others."""
    kinds = described.get("anyOf", [described])
    return any(
        kind.get("type") in ("boolean", "array") or {"$ref", "enum", "const", "default"} & set(kind) for kind in kinds
    )
