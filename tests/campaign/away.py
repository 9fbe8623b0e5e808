"""What the service owes its callers while its database is away, and once that is back.

Rule of this file: looked at from outside, without a key and without leaving anything behind.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx2

from tests.rig.processes import until

ONE = {"X-Cliente-Id": "1"}
NOTICED = 15.0
"""Seconds within which callers are told that the database is away."""
SECONDS = 30.0
"""How long an answer may take: the service itself gives the store less."""


def refusal(answer: httpx2.Response) -> str | None:
    """What is wrong with a 503, as the contract has it; None where all is well."""
    told = answer.json()
    if told.get("error") is not True or not all(isinstance(told.get(name), str) for name in ("code", "message")):
        return f"503 is not of the contract's shape: {answer.text[:200]}"
    retry = told.get("retry_after_seconds")
    if told["code"] == "STORE_UNAVAILABLE" and not (retry and answer.headers.get("Retry-After") == str(retry)):
        return f"503 does not say when to come again: {answer.text[:200]}"
    return None


def _write(url: str) -> httpx2.Response:
    return httpx2.delete(f"{url}/messages/none", headers=ONE, timeout=SECONDS, verify=False)


def _read(url: str) -> httpx2.Response:
    return httpx2.get(f"{url}/messages", params={"limit": 1}, headers=ONE, timeout=SECONDS, verify=False)


def _alive(url: str) -> None:
    """Who asks how a client is waits for no database."""
    for path in ("/health", "/status"):
        answer = httpx2.get(f"{url}{path}", headers=ONE, timeout=SECONDS, verify=False)
        assert answer.status_code == 200, answer.text


def is_refused(url: str) -> None:
    """Wait until the service refuses to write and to read. Raises AssertionError where it does not, or not so."""
    for ask in (_write, _read):
        answer = _until(ask, url, 503, "callers are told that the database is away", NOTICED)
        assert (wrong := refusal(answer)) is None, wrong
        assert answer.json()["code"] in ("STORE_UNAVAILABLE", "NO_ANSWER"), answer.text
    _alive(url)


def is_answered(url: str, seconds: float) -> None:
    """Wait until it writes and reads again. Raises AssertionError after `seconds`."""
    _until(_write, url, 404, "the service writes again", seconds)
    _until(_read, url, 200, "the service reads again", seconds)


def _until(ask: Callable[[str], httpx2.Response], url: str, status: int, what: str, seconds: float) -> httpx2.Response:
    return until(lambda: ask(url), lambda answer: answer.status_code == status, what, seconds, every=0.05)
