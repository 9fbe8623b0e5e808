"""Clients of real Chromium that resume together: one in trouble delays no other."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from actors.browser.browser import ChromiumBrowser
from actors.clients.policy import Rules
from actors.clients.protocol import AwaitState, GetStatus, ShutDown
from actors.clients.registry.config import Proxy
from actors.clients.registry.directory import Directory
from actors.clients.supervisor import Resume, Supervisor
from actors.clients.types import STARTING, ClientId, State
from tests.browser.pages import SECONDS, options, running
from tests.rig import Sandbox

TROUBLED = (ClientId(1), ClientId(2))
HEALTHY = (ClientId(3), ClientId(4))


@pytest.mark.e2e
def test_clients_whose_whatsapp_is_unreachable_delay_no_other(tmp_path: Path, sandbox: Sandbox) -> None:
    with socket.socket() as mute:  # takes connections, and never answers
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        nowhere = Proxy(f"127.0.0.1:{mute.getsockname()[1]}")
        given = options(tmp_path, sandbox.url, start_patience=60.0)
        with running(ChromiumBrowser(given, proxy=lambda client: nowhere if client in TROUBLED else None)) as browser:
            directory = Directory()
            supervisor = Supervisor.start(browser, directory, rules=Rules(start_concurrency=2))
            supervisor.ask(Resume((*TROUBLED, *HEALTHY)), timeout=SECONDS)

            def ask(client: ClientId, question: object) -> State:
                ref = directory.find(client)
                assert ref is not None
                status: Any = ref.ask(question, timeout=SECONDS + 1)
                state: State = status.state
                return state

            states = [ask(client, GetStatus()) for client in (*TROUBLED, *HEALTHY)]
            assert states == [State.INITIALIZING] * 4
            assert [ask(client, AwaitState(STARTING, SECONDS)) for client in HEALTHY] == [State.QR_REQUIRED] * 2
            assert [ask(client, GetStatus()) for client in TROUBLED] == [State.INITIALIZING] * 2
            supervisor.ask(ShutDown(SECONDS), timeout=SECONDS + 1)
