"""Thirty lives of real clients: what each took, it gives back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.e2e.conftest import Consumers, Serve, nothing_runs
from tests.rig import Consumer, Service
from tests.rig.processes import until

SIDE_BY_SIDE, WARM_UP, ROUNDS = 3, 2, 10
SPARE_THREADS = 6
"""Executors start their threads as they need them, up to a bound; a thread left by each life would make thirty."""
GROWTH = 1.1
"""By how much the service's memory may have grown: what allocators keep varies."""


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_thirty_clients_come_and_go_and_the_service_is_as_small_as_before(serve: Serve, consumer: Consumers) -> None:
    service = serve().start()
    clients = [consumer(service, client_id) for client_id in range(1, SIDE_BY_SIDE + 1)]
    with ThreadPoolExecutor(len(clients)) as pool:
        for _ in range(WARM_UP):
            list(pool.map(live, clients))
        before = at_rest(service)
        for _ in range(ROUNDS):
            list(pool.map(live, clients))
    threads, descriptors, memory = before
    after = until(lambda: at_rest(service), lambda now: now[1] <= descriptors, f"as few as {before}", 10.0)
    assert after[0] <= threads + SPARE_THREADS, (before, after)
    assert after[2] < memory * GROWTH, (before, after)
    nothing_runs(service)
    profiles = service.data_dir / "profiles"
    until(lambda: list(profiles.iterdir()), lambda left: not left, "the profiles are deleted", 10.0)


def live(client: Consumer) -> None:
    """From nothing to READY, and back to nothing."""
    client.pair()
    client.http.delete(f"/session/{client.client_id}").raise_for_status()
    client.reaches("NOT_INITIALIZED")


def at_rest(service: Service) -> tuple[int, int, int]:
    """Threads, descriptors, bytes of memory."""
    process = psutil.Process(service.pid)
    return process.num_threads(), process.num_fds(), process.memory_info().rss
