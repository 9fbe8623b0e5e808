"""The real service on real Chromium, against the real sandbox. One sandbox process for all tests here.

Rule of this directory: what is looked at is what anybody outside could see, by HTTP, in the log, in the process table,
on the phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.rig import Consumer, Sandbox, Service, naming
from tests.rig.forked import Interpreter
from tests.rig.processes import until
from tests.rig.sandboxes import sandbox, sandbox_process

__all__ = ["sandbox", "sandbox_process"]

Serve = Callable[..., Service]
Consumers = Callable[..., Consumer]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is e2e."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture
def serve(tmp_path: Path, sandbox: Sandbox, interpreter: Interpreter) -> Iterator[Serve]:
    """Makes services, not yet started, each on a data directory of its own; at the end no Chromium of theirs lives."""
    made: list[Service] = []
    with ExitStack() as running:

        def make(name: str = "data", **settings: object) -> Service:
            service = Service(tmp_path / name, str(settings.pop("whatsapp_url", sandbox.url)), **settings)
            service.interpreter = interpreter
            running.push(service.__exit__)
            made.append(service)
            return service

        yield make
    for service in made:
        nothing_runs(service)


@pytest.fixture
def consumer(sandbox: Sandbox) -> Iterator[Consumers]:
    """Makes consumers of a service, by client number."""
    with ExitStack() as opened:

        def make(service: Service, client_id: int = 1, number: str | None = None) -> Consumer:
            made = Consumer(service, sandbox, client_id, number)
            opened.callback(made.close)
            return made

        yield make


def nothing_runs(service: Service, client_id: int | None = None) -> None:
    """No Chromium lives on the service's profiles, or on that of one client. Raises AssertionError after a moment."""
    where = service.data_dir / "profiles" / (str(client_id) if client_id else "")
    until(lambda: naming(where), lambda pids: not pids, "no Chromium is left", 10.0)
