"""Values that a database cannot take end nothing, on either database: each is its caller's error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.api import CALLS
from tests.gateway.every_call import ENDLESS
from tests.gateway.running import Running
from tests.store.postgresql import NoPostgreSQL, running

NUL = "a\0b"
HUGE = "9" * 40
HOSTILE = ("%00", "a%00b", "%ED%A0%80", "%FF", HUGE, f"-{HUGE}", "x" * 3000)
"""As parts of a path: NUL, half a surrogate pair, no UTF-8, numbers beyond 64 bits, a long text."""
IN_QUERIES = ("%00", "a%00b", HUGE, f"-{HUGE}", "1e400", "%ED%A0%80")
NEEDED = {"/events/next": {"consumer": "c", "wait": "0"}, "/events/next/{receipt}": {"consumer": "c"}}
"""What a query must have besides."""
ENDS = ("/init", "/stop", "/logout", "/session/{clienteId}")
"""Calls that would end the client, or wait for it."""
BODIES: tuple[Any, ...] = (
    {"to": "5491122334455", "message": NUL},
    {"to": "5491122334455", "message": "hello", "priority": int(HUGE)},
    {"to": "5491122334455", "location": {"latitude": 1.0, "longitude": 2.0, "name": NUL}},
    {"to": NUL, "message": "hello"},
    {"url": "https://example.org/", "events": [NUL]},
    {"url": f"https://example.org/{NUL}", "events": ["*"]},
    {"url": "https://example.org/", "events": ["*"], "name": NUL, "secret": NUL},
    {"name": NUL, "scopes": ["read"]},
    {"phone": NUL},
    {NUL: 1},
)


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    """A service on each database, with a client that runs."""
    if request.param == "sqlite":
        with Running(tmp_path / "data") as on_sqlite:
            on_sqlite.ready(1)
            yield on_sqlite
        return
    try:
        with (
            running("fsync=off") as server,
            Running(tmp_path / "data", database_url=server.url("postgres")) as on_server,
        ):
            on_server.ready(1)
            yield on_server
    except NoPostgreSQL as why:
        pytest.skip(str(why))


def asked(service: Running, method: str, target: str, body: object = None) -> httpx2.Response:
    content = None if body is None else json.dumps(body)
    headers = {"X-Cliente-Id": "1", "Content-Type": "application/json"}
    return service.http.request(method, service.url + target, content=content, headers=headers)


def test_no_path_query_or_body_ends_an_actor_that_others_need(service: Running) -> None:
    answers: list[tuple[str, int, str]] = []

    def ask(method: str, target: str, body: object = None) -> None:
        answer = asked(service, method, target, body)
        answers.append((f"{method} {target[:80]} {str(body)[:80]}", answer.status_code, answer.text[:200]))

    for call in CALLS:
        if ENDLESS.fullmatch(call.path) or call.path in ENDS:
            continue
        if "{" in call.path:
            for value in HOSTILE:
                ask(call.method, re.sub(r"\{[^}]*\}", value, call.path))
        path = re.sub(r"\{[^}]*\}", "1", call.path)
        for name in call.query.model_fields if call.query else ():
            for value in IN_QUERIES:
                others = {**NEEDED.get(call.path, {}), name: value}
                ask(call.method, f"{path}?" + "&".join(f"{one}={given}" for one, given in others.items()))
        if call.method in ("POST", "PUT", "PATCH"):
            for body in BODIES:
                ask(call.method, path, body)
    assert [answer for answer in answers if answer[1] >= 500 and "SEND_FAILED" not in answer[2]] == []
    assert asked(service, "GET", "/messages").status_code == 200
    assert service.get("/status", 1).json()["state"] == "READY"
