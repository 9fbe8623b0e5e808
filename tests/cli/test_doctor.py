"""`session-manager doctor` against a whole and a drifted page: what it says, its exit code, and how long it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actors.browser import wa_js
from tests.rig import Sandbox, naming
from tests.rig.sandboxes import sandbox, sandbox_process

__all__ = ["sandbox", "sandbox_process"]

pytestmark = pytest.mark.e2e
MINUTE = 60.0


def doctor(tmp_path: Path, url: str, *options: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "gateway.cli", "doctor", "--json", "--url", url, *options]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "SM_DATA_DIR": str(tmp_path / "untouched")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=MINUTE, check=False, env=environment)
    assert done.stdout, done.stderr
    assert not naming(tmp_path)
    assert list(tmp_path.iterdir()) == []
    told: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, told


def test_a_whole_page_ends_in_0(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.post("/settings", version="2.3000.1050000001")
    code, told = doctor(tmp_path, sandbox.url)
    assert (code, told["contract"], told["missing"]) == (0, "whole", [])
    assert (told["version"], told["generation"], told["wa_js"]) == ("2.3000.1050000001", "modern", wa_js.load().version)


def test_a_page_that_lacks_something_ends_in_1_and_it_is_named(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.post("/settings", drift={"rename": {"handleChatSimpleReceipt": "handleDirectReceipt"}})
    code, told = doctor(tmp_path, sandbox.url)
    assert (code, told["contract"], told["missing"], told["lost"]) == (
        1,
        "degraded",
        ["handleChatSimpleReceipt"],
        ["message.ack"],
    )


def test_a_page_in_which_nothing_is_found_ends_in_1(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.post("/settings", drift={"hide": ["Stream"]})
    code, told = doctor(tmp_path, sandbox.url, "--seconds", "12")
    assert (code, told["contract"]) == (1, "degraded")
    assert "has no Stream" in told["text"]


def test_a_page_that_cannot_be_opened_ends_in_2(tmp_path: Path) -> None:
    code, told = doctor(tmp_path, "http://127.0.0.1:9/", "--seconds", "5")
    assert (code, told["contract"], told["reason"]) == (2, "unknown", "PAGE_UNREACHABLE")


def test_another_wa_js_is_tried_as_it_is_given(tmp_path: Path, sandbox: Sandbox, tmp_path_factory: Any) -> None:
    bundle = tmp_path_factory.mktemp("bundle") / "wppconnect-wa.js"
    bundle.write_text(wa_js.load().text.replace("addAndSendMsgToChat", "addAndSendMsgToNobody"), "utf-8")
    code, told = doctor(tmp_path, sandbox.url, "--wa-js", str(bundle))
    assert (code, told["contract"]) == (1, "degraded")
    assert "addAndSendMsgToChat" in told["missing"]
