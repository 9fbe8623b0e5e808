"""Limits that an operator sets, from the setting to what callers see."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from actors.browser.chromium.command_line import NAMES
from actors.browser.fake import FakeBrowser, Habits
from actors.clients.types import State
from actors.options import MIB
from tests.gateway.running import Running, until
from tests.rig import Consumer, Sandbox, Service

SECONDS = 20.0


def test_a_client_over_its_memory_is_restarted_and_says_why(tmp_path: Path) -> None:
    browser = FakeBrowser()
    with Running(tmp_path / "data", browser, client_memory=100, probe_interval=0.1, backoff_first=0.1) as service:
        service.ready(1)
        browser.habits = Habits(pss=900 * MIB)  # far over it: at once, quiet or not
        until(lambda: len(browser.opened), lambda pages: pages >= 2, "it is opened afresh", SECONDS)
        why = ("MEMORY_LIMIT", "The browser's processes hold 900 MiB; SM_CLIENT_MEMORY is 100 MiB")
        until(lambda: reasons(service), lambda told: why in told, "why is on disk", SECONDS)


def reasons(service: Running) -> set[tuple[str | None, str | None]]:
    """Why client 1 was in each of its states."""
    told = service.get("/clients/1/history").json()["transitions"]
    return {(step.get("reason"), step.get("reason_text")) for step in told}


@pytest.mark.e2e
@pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="no Chromium is installed")
def test_a_profile_over_its_limit_loses_its_caches_and_keeps_its_login(tmp_path: Path) -> None:
    with Sandbox() as sandbox, Service(tmp_path / "data", sandbox.url, profile_limit=1) as service:
        consumer = Consumer(service, sandbox, 1)
        try:
            consumer.pair()
            cache = tmp_path / "data" / "profiles" / "1" / "chromium" / "Default" / "Cache"
            cache.mkdir(parents=True, exist_ok=True)
            (cache / "ours").write_bytes(bytes(2 * MIB))
            consumer.http.post("/stop").raise_for_status()
            until((cache / "ours").exists, lambda there: not there, "caches are pruned while it is stopped", SECONDS)
            consumer.init().raise_for_status()
            assert consumer.reaches("QR_REQUIRED", "READY")["state"] == State.READY
        finally:
            consumer.close()
