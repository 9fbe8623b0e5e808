"""Everything in the OpenAPI document is described, and has an example that fits its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

import jsonschema_rs

from actors.clients.events import EVENTS
from gateway.api import CALLS
from gateway.openapi import examples, glossary, values
from gateway.openapi.descriptions import declared, owners_in
from gateway.openapi.document import Description, document
from gateway.schemas.shape import ErrorAnswer

DOCUMENT = document(CALLS, "0")
COMPONENTS: Mapping[str, Any] = DOCUMENT["components"]["schemas"]
CALLS_DESCRIBED = [call for call in CALLS if call.described]
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
WEBHOOKS = {type: item["post"] for type, item in DOCUMENT["webhooks"].items()}
CONTENTS: Mapping[str, Mapping[str, Any]] = {
    **{
        f"body of {name}, {kind}": content
        for name, operation in {**OPERATIONS, **WEBHOOKS}.items()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
    },
    **{
        f"{status} of {name}, {kind}": content
        for name, operation in OPERATIONS.items()
        for status, answer in operation["responses"].items()
        for kind, content in answer["content"].items()
    },
}
"""Bodies, events and answers, by where they stand."""
ANSWERS = [getattr(call.operation, "answer", None) for call in CALLS_DESCRIBED]
SHAPES = [
    shape for call in CALLS_DESCRIBED for shape in (call.body, call.query, call.operation, *call.answers.values())
]
KINDS = {kind.__name__: kind for owners in owners_in([ErrorAnswer, *ANSWERS, *SHAPES]).values() for kind in owners}
"""The classes that the document is made of."""


def properties(schema: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every property of a schema at any depth, with where it stands."""
    if isinstance(schema, list):
        for one in schema:
            yield from properties(one, where)
    elif isinstance(schema, Mapping):
        for name, value in schema.get("properties", {}).items():
            yield f"{where}.{name}", value
            yield from properties(value, f"{where}.{name}")
        for key in ("items", "additionalProperties", "anyOf", "oneOf", "allOf"):
            yield from properties(schema.get(key), where)


def every_property() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every property of the document."""
    for name, component in COMPONENTS.items():
        yield from properties(component, name)
    for where, content in CONTENTS.items():
        yield from properties(content["schema"], where)


def parameters() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every parameter of the document."""
    for name, operation in OPERATIONS.items():
        for parameter in operation["parameters"]:
            yield f"{parameter['name']} of {name}", parameter


def shown(content: Mapping[str, Any]) -> list[Any]:
    """Return the examples of a body or an answer."""
    named = [one["value"] for one in content.get("examples", {}).values()]
    return [content["example"], *named] if "example" in content else named


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return True if the value is valid by the schema."""
    return bool(validator(json.dumps(schema)).is_valid(value))


@cache
def validator(schema: str) -> Any:
    """Return the validator of a schema; most errors have the same."""
    return jsonschema_rs.validator_for({**json.loads(schema), "components": {"schemas": COMPONENTS}})


def test_every_property_is_described() -> None:
    found = dict(every_property())
    assert len(found) > 600
    without = [where for where, schema in found.items() if not schema.get("description")]
    assert without == [], "say what each is, in a docstring beneath the field, or in gateway/openapi/glossary.py"


def test_every_shape_is_described() -> None:
    assert [name for name, schema in COMPONENTS.items() if not schema.get("description")] == []


def test_every_parameter_is_described_and_one_that_is_needed_has_an_example() -> None:
    for where, parameter in parameters():
        assert parameter["description"], where
        assert ("example" in parameter) is parameter["required"], where


def test_every_parameters_example_fits_its_schema() -> None:
    assert [where for where, one in parameters() if "example" in one and not fits(one["example"], one["schema"])] == []


def test_every_body_every_event_and_every_answer_has_an_example_that_fits_its_schema() -> None:
    without = [where for where, content in CONTENTS.items() if not shown(content)]
    assert without == [], "give each property a value in gateway/openapi/values.py, or the body in examples.py"
    misfits = {
        where: value
        for where, content in CONTENTS.items()
        for value in shown(content)
        if not fits(value, content["schema"])
    }
    assert misfits == {}


def test_every_default_fits_its_schema() -> None:
    found = ((where, schema) for where, schema in every_property() if "default" in schema)
    assert [where for where, schema in found if not fits(schema["default"], schema)] == []


def test_the_document_is_yaml_too() -> None:
    # Half a surrogate pair as an escape is JSON, and no YAML: tools that take both read it as YAML.
    assert re.search(r"\\ud[89a-f]", Description(CALLS, "0").text().decode()) is None


def test_every_event_is_a_webhook_with_its_fields_and_its_own_example() -> None:
    assert [*WEBHOOKS] == [*EVENTS]
    for type, event in EVENTS.items():
        content = WEBHOOKS[type]["requestBody"]["content"]["application/json"]
        assert WEBHOOKS[type]["summary"]
        assert {*content["schema"]["properties"]["payload"]["properties"]} == {*event.fields}
        assert content["example"]["payload"] == event.example


def test_the_glossary_has_no_word_that_nothing_needs() -> None:
    texts = {schema.get("description") for _, schema in every_property()}
    texts |= {parameter["description"] for _, parameter in parameters()}
    for words in (glossary.PARAMETERS, glossary.PROPERTIES, glossary.EVENTS, glossary.PARTS, glossary.SHAPES):
        assert [word for word, text in words.items() if text not in texts] == []


def test_every_code_of_an_error_says_what_it_means() -> None:
    codes = {
        code
        for operation in OPERATIONS.values()
        for answer in operation["responses"].values()
        for code in re.findall(r"^\* `(\w+)`", answer["description"], re.M)
    }
    assert codes == {*glossary.CODES}


def test_every_family_of_calls_says_what_it_is() -> None:
    assert [tag["name"] for tag in DOCUMENT["tags"] if not tag["description"]] == []


def test_what_is_written_for_a_call_is_of_a_call_that_there_is() -> None:
    written = {*examples.BODIES, *examples.FORMS, *(place.partition(" of ")[2] for place in examples.ANSWERS)}
    assert written <= {*OPERATIONS}


def test_every_value_is_of_a_property_that_there_is() -> None:
    found = {where.rpartition(".")[2] for where, _ in every_property()}
    assert {*values.PROPERTIES} <= found
    for place in values.SHAPES:
        owner, _, name = place.partition(".")
        known = {"", *getattr(KINDS[owner], "model_fields", ()), *get_type_hints(KINDS[owner])}
        assert name in known, place


def test_a_text_beneath_a_field_is_that_of_its_class() -> None:
    assert declared(KINDS["PageChat"], "read_only") == "True if the account cannot write in it."
    assert declared(KINDS["PageChat"], "lid") == ""
