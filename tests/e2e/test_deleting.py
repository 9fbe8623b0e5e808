"""DELETE on the real page: no device is left on the phone, and no login on the disk."""

from __future__ import annotations

from tests.e2e.conftest import Consumers, Serve
from tests.rig import Sandbox
from tests.rig.processes import until


def test_a_stopped_client_is_logged_out_before_it_is_deleted(
    serve: Serve, sandbox: Sandbox, consumer: Consumers
) -> None:
    service = serve().start()
    client = consumer(service)
    client.pair()
    client.http.post("/stop").raise_for_status()
    assert sandbox.get(f"/accounts/{client.number}")["devices"]
    answer = client.http.delete(f"/session/{client.client_id}").raise_for_status().json()
    assert (answer["logged_out"], answer["logged_out_reason"]) == (True, None)
    until(lambda: sandbox.get(f"/accounts/{client.number}")["devices"], lambda left: not left, "no device", 10.0)
    profiles = service.data_dir / "profiles"
    until(lambda: list(profiles.iterdir()), lambda left: not left, "the profile is deleted", 10.0)
