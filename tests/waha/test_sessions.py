"""The life of a session: names, statuses, configuration, over stops, logouts and restarts of the service."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actors.clients.types import ClientId, State
from tests.gateway.running import Running, until
from tests.waha.consumer import KEY, Consumer

FIRST_GIVEN = 1_000_000_001


def test_a_session_is_made_started_paired_and_works(waha: Consumer) -> None:
    assert waha.call("GET", "/api/sessions/shop", 404)["message"] == "Session not found"
    made = waha.call("POST", "/api/sessions", json={"name": "shop", "config": {"metadata": {"user": "1"}}})
    assert (made["name"], made["status"] in ("STARTING", "SCAN_QR_CODE")) == ("shop", True)
    assert made["config"] == {"metadata": {"user": "1"}}
    assert made["me"] is None
    browser = waha.service.browser
    browser.habits = replace(browser.habits, push_name="The shop", lid="906030233595014@lid")
    waha.reaches("shop", "SCAN_QR_CODE")
    raw = waha.call("GET", "/api/shop/auth/qr?format=raw")
    assert raw["value"] == raw["qr"]
    client_id = waha.client("shop")
    assert client_id == FIRST_GIVEN
    waha.service.browser.scan(client_id)
    works = waha.reaches("shop", "WORKING")
    phone = waha.service.status(client_id)["phone"]
    me = {"id": f"{phone}@c.us", "pushName": "The shop", "lid": "906030233595014@lid"}
    assert works["me"]["id"] == me["id"]
    assert (works["engine"]["engine"], works["engine"]["state"]) == ("WEBJS", "CONNECTED")
    until(lambda: waha.call("GET", "/api/sessions/shop/me"), me.__eq__, "the account is known")


def test_a_session_that_exists_is_not_made_again(waha: Consumer) -> None:
    waha.call("POST", "/api/sessions", json={"name": "shop", "start": False})
    refused = waha.call("POST", "/api/sessions", 422, json={"name": "shop"})
    assert refused["message"] == "Session 'shop' already exists. Use PUT to update it."
    waha.call("POST", "/api/sessions/start", json={"name": "shop"})
    waha.reaches("shop", "SCAN_QR_CODE")
    again = waha.call("POST", "/api/sessions/start", 422, json={"name": "shop"})
    assert again["message"] == "Session 'shop' is already started."


@pytest.mark.parametrize("name", ["a b", "ä", "x" * 55, "a/b", ""])
def test_a_name_that_cannot_be_is_refused(waha: Consumer, name: str) -> None:
    refused = waha.call("POST", "/api/sessions", 400, json={"name": name})
    assert refused["message"][0].startswith("Session name can only contain alphanumeric characters, hyphens, and under")


def test_a_session_without_a_name_gets_one(waha: Consumer) -> None:
    made = waha.call("POST", "/api/sessions", json={"start": False})
    assert made["name"].startswith("session_")
    assert made["status"] == "STOPPED"


def test_names_and_numbers_map_both_ways(waha: Consumer) -> None:
    waha.service.ready(99)
    assert waha.call("GET", "/api/sessions/99")["status"] == "WORKING"
    waha.call("POST", "/api/sessions", json={"name": "shop", "start": False})
    assert [one["name"] for one in waha.call("GET", "/api/sessions?all=true")] == ["99", "shop"]
    assert waha.call("GET", f"/api/sessions/{FIRST_GIVEN}")["name"] == "shop"
    config = waha.service.get(f"/clients/{FIRST_GIVEN}/config").json()
    assert config["name"] == "shop"
    named = waha.service.call("PATCH", "/clients/99/config", json={"name": "office"})
    assert named.json()["name"] == "office"
    assert waha.call("GET", "/api/sessions/office")["status"] == "WORKING"
    taken = waha.service.call("PATCH", "/clients/98/config", json={"name": "office"})
    assert (taken.status_code, taken.json()["code"]) == (409, "NAME_TAKEN")


def test_stop_keeps_the_login_and_start_goes_on_with_it(waha: Consumer) -> None:
    waha.works("shop")
    assert waha.call("POST", "/api/sessions/shop/stop")["status"] == "STOPPED"
    assert waha.call("POST", "/api/sessions/shop/stop")["status"] == "STOPPED"
    assert waha.call("GET", "/api/sessions") == []
    waha.call("POST", "/api/sessions/shop/start")
    waha.reaches("shop", "WORKING")
    assert waha.call("POST", "/api/sessions/shop/start")["status"] == "WORKING"
    waha.call("POST", "/api/sessions/shop/restart")
    waha.reaches("shop", "WORKING")
    waha.call("POST", "/api/sessions/shop/stop")
    waha.call("POST", "/api/sessions/shop/restart")
    waha.reaches("shop", "WORKING")


def test_logout_keeps_the_configuration_and_asks_for_a_new_qr(waha: Consumer) -> None:
    waha.works("shop", config={"metadata": {"user": "1"}})
    waha.call("POST", "/api/sessions/shop/logout", json={"apps": None})
    assert waha.reaches("shop", "SCAN_QR_CODE")["config"] == {"metadata": {"user": "1"}}
    waha.call("POST", "/api/sessions/shop/stop")
    assert waha.call("POST", "/api/sessions/shop/logout")["status"] == "STOPPED"
    assert waha.call("GET", "/api/sessions/shop")["config"] == {"metadata": {"user": "1"}}


def test_what_is_deleted_is_gone_and_may_be_deleted_again(waha: Consumer) -> None:
    client_id = waha.works("shop")
    for _ in range(2):
        assert waha.call("DELETE", "/api/sessions/shop") == ""
    assert waha.call("GET", "/api/sessions/shop", 404)
    assert waha.call("GET", "/api/sessions?all=true") == []
    assert waha.service.status(client_id)["state"] == State.NOT_INITIALIZED
    assert waha.call("POST", "/api/sessions", json={"name": "shop", "start": False})["name"] == "shop"


def test_a_session_that_ended_badly_is_failed_until_somebody_stops_it(waha: Consumer) -> None:
    client_id = waha.works("shop")
    waha.service.browser.remove(client_id)
    waha.reaches("shop", "FAILED")
    waha.call("POST", "/api/sessions/shop/stop")
    assert waha.call("GET", "/api/sessions/shop")["status"] == "STOPPED"
    waha.call("POST", "/api/sessions/shop/start")
    waha.reaches("shop", "SCAN_QR_CODE")


def test_a_code_to_type_has_a_hyphen_in_its_middle(waha: Consumer) -> None:
    waha.call("POST", "/api/sessions", json={"name": "shop"})
    waha.reaches("shop", "SCAN_QR_CODE")
    told = waha.call("POST", "/api/shop/auth/request-code", json={"phoneNumber": "+54 9 11 2233-4455"})
    assert len(told["code"]) == 9
    assert told["code"][4] == "-"


def test_a_proxy_and_its_password_are_kept_and_the_password_is_told_to_nobody(waha: Consumer) -> None:
    proxy = {"server": "proxy.example:3128", "username": "me", "password": "do-not-tell"}
    made = waha.call("POST", "/api/sessions", json={"name": "shop", "start": False, "config": {"proxy": proxy}})
    masked = {**proxy, "password": "…"}
    assert made["config"]["proxy"] == masked
    kept = waha.call("PUT", "/api/sessions/shop", json={"config": {"proxy": masked, "ignore": {"groups": True}}})
    assert kept["config"]["ignore"] == {"status": None, "groups": True, "channels": None, "broadcast": None}
    stored = waha.service.system.registry.proxy(waha.client("shop"))
    assert stored is not None
    assert stored.password == "do-not-tell"
    assert "do-not-tell" not in repr(stored)
    assert "do-not-tell" not in waha.service.get(f"/clients/{waha.client('shop')}/config").text
    for wrong in ({"server": "nowhere"}, {"server": "socks5://h:1", "username": "me"}, {"server": "h:99999"}):
        assert waha.call("PUT", "/api/sessions/shop", 400, json={"config": {"proxy": wrong}})["message"]
    gone = waha.call("PUT", "/api/sessions/shop", json={"config": {"proxy": None}})
    assert gone["config"] == {}


def test_names_configuration_and_statuses_outlive_a_restart_of_the_service(tmp_path: Path) -> None:
    config = {"metadata": {"user": "1"}, "proxy": {"server": "proxy.example:3128"}, "debug": True}
    with Running(tmp_path / "data", api_key=KEY) as service:
        waha = Consumer(service)
        waha.call("POST", "/api/sessions", json={"name": "stopped", "start": False, "config": config})
        failed = waha.works("failed")
        service.browser.remove(failed)
        waha.reaches("failed", "FAILED")
    with Running(tmp_path / "data", api_key=KEY) as service:
        waha = Consumer(service)
        before = waha.call("GET", "/api/sessions/stopped")
        assert (before["status"], before["config"]["metadata"], before["config"]["debug"]) == (
            "STOPPED",
            {"user": "1"},
            True,
        )
        assert service.system.registry.proxy(ClientId(FIRST_GIVEN)) is not None
        assert waha.call("GET", "/api/sessions/failed")["status"] == "FAILED"


def test_a_key_that_is_no_admins_can_neither_set_nor_remove_proxy_and_webhooks(waha: Consumer) -> None:
    reaching: dict[str, Any] = {"proxy": {"server": "10.0.0.1:3128", "password": "p", "username": "u"}}
    reaching |= {"webhooks": [{"url": "http://127.0.0.1:9/hook", "events": ["message"], "hmac": {"key": "k" * 8}}]}
    waha.call("POST", "/api/sessions", json={"name": "shop", "start": False, "config": reaching})
    made = {"name": "control", "scopes": ["control", "read"], "clients": [waha.client("shop")]}
    control = {"X-Api-Key": waha.service.http.post("/keys", json=made).json()["key"]}
    told = waha.call("GET", "/api/sessions/shop", headers=control)["config"]
    for less in ({}, {**told, "proxy": None}, {**told, "webhooks": []}, {**told, "proxy": {"server": "10.0.0.2:3128"}}):
        waha.call("PUT", "/api/sessions/shop", 403, json={"config": less}, headers=control)
        if less:
            waha.call("POST", "/api/sessions/start", 403, json={"name": "shop", "config": less}, headers=control)
    kept = waha.call("PUT", "/api/sessions/shop", json={"config": {**told, "metadata": {"a": "b"}}}, headers=control)
    assert kept["config"] == {**told, "metadata": {"a": "b"}}
    proxy = waha.service.system.registry.find(waha.client("shop")).config.proxy
    assert proxy is not None
    assert proxy.password == "p"
    (webhook,) = waha.service.http.get("/webhooks").json()
    assert webhook["key_id"]


def test_a_session_with_a_webhook_that_is_refused_is_not_made(waha: Consumer) -> None:
    hooks = [{"url": "http://127.0.0.1:9/hook"}, {"url": "http://127.0.0.1:9/other", "hmac": {"key": "short"}}]
    waha.call("POST", "/api/sessions", 400, json={"name": "shop", "config": {"webhooks": hooks}})
    waha.call("GET", "/api/sessions/shop", 404)
    assert waha.service.http.get("/webhooks").json() == []
