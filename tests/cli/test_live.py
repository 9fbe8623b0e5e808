"""`session-manager doctor --live` on a page of our own that speaks the protocol: the story, and what it says is broken.

The page is never WhatsApp's own here.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
from typer.testing import CliRunner

from actors.browser.live_check import STEPS, CheckedStep, StepOutcome
from gateway.cli import app, live
from tests.rig import naming
from tests.sandbox.live import own_page

SCRIPTS = Path("web.whatsapp.com/wire")
STORY = [name for name, _, _ in STEPS]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The files of the page."""
    own_page.write(tmp_path / "page")
    return tmp_path / "page"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory of temporary files: in the end it is empty, and no process names it."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    yield directory
    assert not naming(tmp_path)
    assert list(directory.iterdir()) == []


def doctor(*options: str) -> tuple[int, dict[str, Any]]:
    with structlog.testing.capture_logs():  # standard output is the command's alone
        done = CliRunner().invoke(app, ["doctor", "--live", "--json", *options])
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return done.exit_code, told


def verdicts(told: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["verdict"] for step in told["steps"]}


def spoil(page: Path, script: str, was: str, now: str) -> None:
    """Change one script of the page."""
    path = page / SCRIPTS / script
    text = path.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, now), "utf-8")


@pytest.mark.e2e
def test_the_whole_story_holds(page: Path) -> None:
    code, told = doctor(str(page), "--seconds", "30")
    assert verdicts(told) == dict.fromkeys(STORY, "holds"), told
    assert (code, told["live"], told["text"]) == (0, "holds", "Every step holds")
    assert (told["page"]["dictionary"], told["page"]["unanswered"]) == (True, 0)
    assert told["page"]["keys_replaced"] >= 2, "of each load of the page; a slow machine may load it once more"


@pytest.mark.e2e
def test_what_is_broken_is_named_and_what_needs_it_is_not_checked(page: Path) -> None:
    spoil(page, "companion.js", "[3, 0], [18, 1]", "[3, 0], [18, 2]")  # it logs in as a device that nobody has linked
    code, told = doctor(str(page))
    assert (code, told["live"]) == (1, "broken")
    assert told["text"].startswith("ready is broken: LoggedOut: ")
    assert verdicts(told) == (
        dict.fromkeys(STORY[:3], "holds") | {"ready": "broken"} | dict.fromkeys(STORY[4:], "not checked")
    )
    assert {step["text"] for step in told["steps"][4:]} == {"it needs ready"}


GIVEN = {"given": 9, "keys_replaced": 1, "dictionary": True, "named": []}


@pytest.mark.parametrize(
    ("broken", "page", "code", "text"),
    [
        (None, GIVEN, 0, "Every step holds"),
        ("send", GIVEN | {"keys_replaced": 0}, 1, "send is broken: why"),
        ("code", GIVEN, 1, "code is broken: why"),
        ("code", GIVEN | {"keys_replaced": 0}, 2, f"code is broken: why; {live.NO_KEY}"),
        ("code", GIVEN | {"dictionary": False}, 2, f"code is broken: why; {live.NO_WORDS}"),
        ("code", GIVEN | {"given": 0, "named": ["GET /: no network"]}, 2, "There is no page: GET /: no network"),
    ],
)
def test_a_page_that_never_met_the_mock_has_shown_nothing(
    broken: str | None, page: dict[str, Any], code: int, text: str
) -> None:
    steps = [
        CheckedStep(name, StepOutcome.BROKEN if name == broken else StepOutcome.HOLDS, "why", 0.0) for name in STORY
    ]
    assert live.judged(steps, page) == (code, text)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--live", "nowhere"], "did not start"),
        (["nowhere"], "for --live alone"),
        (["--fetch"], "for --live alone"),
        (["--live", "--url", "http://127.0.0.1/"], "no other address"),
    ],
)
def test_what_cannot_be_checked_ends_in_2(options: list[str], text: str) -> None:
    done = CliRunner().invoke(app, ["doctor", *options])
    assert done.exit_code == 2
    assert text in " ".join(done.stderr.replace("│", " ").split())
