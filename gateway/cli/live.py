"""The live check of `session-manager doctor --live`: WhatsApp's own page against a mock of WhatsApp's server.

The mock is a program of its own, `sandbox.live`: it is started, never imported.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2
from rich.text import Text

from actors.browser.live_check import CheckedStep, PhonesFailed, StepOutcome, check, confined
from actors.browser.options import BrowserOptions
from actors.clients.types import Seconds
from gateway.cli import output
from gateway.cli.child import child

HOLDS, BROKEN, UNKNOWN = 0, 1, 2
_SLACK: Seconds = 10.0
_FAILED = "The mock of WhatsApp's server did not start: the line above says why."
_MARKS = {
    StepOutcome.HOLDS: "[green]✓[/green]",
    StepOutcome.BROKEN: "[red]✗[/red]",
    StepOutcome.NOT_CHECKED: "[dim]·[/dim]",
}
NO_KEY = (
    "WhatsApp's root key is in none of the scripts that the page was given, so the page does not take the mock for its "
    "server: are all scripts there, and in the form that this program knows?"
)
NO_WORDS = "the dictionary of the protocol is in none of the scripts that the page was given"


@dataclass(frozen=True, slots=True)
class MockWhatsApp:
    """A running mock: its port, the hash of its key, and its control API."""

    port: int
    key_hash: str
    http: httpx2.Client

    def asked(self, method: str, path: str, **said: object) -> Any:
        """Return the answer to a call. Raises PhonesFailed."""
        try:
            answer = self.http.request(method, path, json=said or None)
        except httpx2.HTTPError as error:
            raise PhonesFailed(f"the mock of WhatsApp's server does not answer: {error!r}") from error
        if answer.status_code != 200:
            raise PhonesFailed(f"{method} {path} answers {answer.status_code}: {answer.text[:300]}")
        return answer.json()


class MockPhones:
    """The phones of a mock, over its control API."""

    def __init__(self, mock: MockWhatsApp) -> None:
        self._mock = mock

    def scan(self, code: str, number: str, name: str) -> None:
        """See the port."""
        self._mock.asked("POST", "/api/scan", code=code, number=number, name=name)

    def write(self, sender: str, to: str, text: str) -> None:
        """See the port."""
        self._mock.asked("POST", f"/api/phones/{sender}/send", to=to, text=text)

    def read(self, number: str, count: int, seconds: Seconds) -> list[str]:
        """See the port."""
        phone = self._mock.asked("GET", f"/api/phones/{number}?count={count}&wait={seconds}")
        return [str(message["text"]) for message in phone["received"]]

    def refuse(self, reason: str | None) -> None:
        """See the port."""
        self._mock.asked("POST", "/api/refuse", reason=reason)

    def has_refused(self, seconds: Seconds) -> bool:
        """See the port."""
        return bool(self._mock.asked("GET", f"/api/state?refused=1&wait={seconds}")["refused"])

    def cut(self) -> None:
        """See the port."""
        self._mock.asked("POST", "/api/cut")

    def log_out(self, number: str) -> None:
        """See the port."""
        self._mock.asked("POST", f"/api/phones/{number}/logout")

    def is_linked(self, number: str, linked: bool, seconds: Seconds) -> bool:
        """See the port."""
        phone = self._mock.asked("GET", f"/api/phones/{number}?linked={str(linked).lower()}&wait={seconds}")
        return bool(phone["linked"])


@contextmanager
def mocked(directory: Path, *, fetch: bool, seconds: Seconds) -> Iterator[MockWhatsApp]:
    """Run the mock on the files of this directory. Raises StartRefused."""
    command = [sys.executable, "-m", "sandbox.live", str(directory), *(["--fetch"] if fetch else [])]
    with child(command, "live ready", _FAILED) as (port, _, key_hash):
        # Its certificate is signed by nobody, and the address is this host's own.
        base, patience = f"https://127.0.0.1:{port}", seconds + _SLACK
        with httpx2.Client(base_url=base, verify=False, timeout=patience, trust_env=False) as http:
            yield MockWhatsApp(int(port), key_hash, http)


def run(options: BrowserOptions, directory: Path | None, seconds: Seconds, *, fetch: bool, as_json: bool) -> int:
    """Play the story, print its steps, and return the exit code. Raises StartRefused, BrowserUnavailable."""
    began, steps = time.monotonic(), list[CheckedStep]()
    with ExitStack() as stack:
        if directory is None:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="session-manager-page-")))
        if fetch:
            directory.mkdir(parents=True, exist_ok=True)
        mock = stack.enter_context(mocked(directory, fetch=fetch, seconds=seconds))
        for step in check(confined(options, mock.port, mock.key_hash), MockPhones(mock), seconds):
            steps.append(step)
            if not as_json:
                _print(step)
        page = mock.asked("GET", "/api/page")
    code, text = judged(steps, page)
    if as_json:
        told = {"live": {HOLDS: "holds", BROKEN: "broken", UNKNOWN: "unknown"}[code], "text": text}
        output.as_json({**told, "steps": [asdict(step) for step in steps], "page": page})
    else:
        output.console.print(f"{text}, in {time.monotonic() - began:.1f} s", markup=False, soft_wrap=True)
    return code


def judged(steps: list[CheckedStep], page: dict[str, Any]) -> tuple[int, str]:
    """Return the exit code and a sentence: a page that never met the mock has shown nothing about this program."""
    broken = [step for step in steps if step.verdict is StepOutcome.BROKEN]
    if not broken:
        return HOLDS, "Every step holds"
    first = f"{broken[0].name} is broken: {broken[0].text}"
    if not page["given"]:
        return UNKNOWN, f"There is no page: {'; '.join(page['named'][:1]) or first}"
    if broken[0].name == "code":
        for there, why in ((page["keys_replaced"], NO_KEY), (page["dictionary"], NO_WORDS)):
            if not there:
                return UNKNOWN, f"{first}; {why}"
    return BROKEN, first


def _print(step: CheckedStep) -> None:
    seen = Text(f"{step.name:<12}{step.seconds:6.1f} s  {step.text}")
    output.console.print(_MARKS[step.verdict], seen, soft_wrap=True)
