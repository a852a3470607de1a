"""The OpenAPI document: valid, and complete."""

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
        if "requestBody" in operation:
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


async def test_every_field_of_an_answer_says_what_it_means(document: Json) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description") and "$ref" not in described
    ]
    assert silent == []


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
