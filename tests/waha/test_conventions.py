"""How WAHA's calls are asked and answered, whatever they are about."""

from __future__ import annotations

import base64
from pathlib import Path

from actors.clients.types import State
from gateway.security.auth import Scope
from tests.gateway.running import Running
from tests.waha.consumer import KEY, Consumer

NUMBER = "5491122334455"


def test_the_key_comes_in_its_header_or_for_pictures_in_the_query(waha: Consumer) -> None:
    waha.works()
    assert waha.call("GET", "/api/sessions")
    del waha.service.http.headers["X-Api-Key"]
    assert waha.call("GET", "/api/sessions", 401) == {"message": "Unauthorized", "statusCode": 401}
    assert waha.call("GET", f"/api/sessions?x-api-key={KEY}", 401)
    picture = waha.raw("GET", f"/api/screenshot?session=default&x-api-key={KEY}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")


def test_a_key_without_the_right_is_told_so_in_wahas_words(waha: Consumer) -> None:
    me = waha.works("7")
    made = waha.service.http.post("/keys", json={"name": "reader", "scopes": [Scope.READ], "clients": [me]}).json()
    reader = {"X-Api-Key": made["key"]}
    forbidden = {"message": "Forbidden resource", "error": "Forbidden", "statusCode": 403}
    body = {"session": "7", "chatId": NUMBER, "text": "Hello"}
    assert waha.call("POST", "/api/sendText", 403, json=body, headers=reader) == forbidden
    assert waha.call("GET", "/api/sessions/7", headers=reader)["name"] == "7"
    waha.call("POST", "/api/sessions", json={"name": "other", "start": False})
    assert waha.call("GET", "/api/sessions/other", 403, headers=reader) == forbidden
    check = f"/api/contacts/check-exists?phone={NUMBER}&session=other"
    assert waha.call("GET", check, 403, headers=reader) == forbidden
    assert [one["name"] for one in waha.call("GET", "/api/sessions?all=true", headers=reader)] == ["7"]


def test_the_session_comes_in_the_path_the_body_or_the_query_and_is_default_where_none_is(waha: Consumer) -> None:
    waha.works()
    for how in ({}, {"session": None}, {"session": "default"}):
        sent = waha.call("POST", "/api/sendText", json={"chatId": f"{NUMBER}@c.us", "text": "Hello", **how})
        assert sent["to"] == f"{NUMBER}@c.us"
    for query in ("", "&session=default"):
        assert waha.call("GET", f"/api/contacts/check-exists?phone={NUMBER}{query}")["numberExists"]


def test_null_is_as_good_as_absent_and_a_trailing_slash_as_none(waha: Consumer) -> None:
    waha.works()
    unset = dict.fromkeys(("reply_to", "mentions", "linkPreview", "linkPreviewHighQuality", "id", "session"))
    sent = waha.call("POST", "/api/sendText/", json={"chatId": NUMBER, "text": "Hello", **unset, "unheard": {"of": 1}})
    assert sent["body"] == "Hello"
    assert waha.call("GET", "/api/sessions/") == waha.call("GET", "/api/sessions")


def test_a_message_with_an_id_of_the_callers_has_it_and_is_sent_once(waha: Consumer) -> None:
    waha.works()
    body = {"chatId": NUMBER, "text": "Hello", "id": "3EB0ABCDEF0123456789AB"}
    first = waha.call("POST", "/api/sendText", json=body)
    assert first["id"] == f"true_{NUMBER}@c.us_3EB0ABCDEF0123456789AB"
    assert waha.call("POST", "/api/sendText", json=body)["id"] == first["id"]
    page = waha.service.browser.page(waha.client("default"))
    assert len(page.ordered("SendText")) == 1
    assert waha.call("POST", "/api/sendText", 400, json={**body, "id": "a b"})


def test_booleans_and_numbers_may_be_texts(waha: Consumer) -> None:
    waha.call("POST", "/api/sessions", json={"name": "one", "start": "False"})
    for value in ("true", "True", "1"):
        assert [one["name"] for one in waha.call("GET", f"/api/sessions?all={value}")] == ["one"]
    for value in ("false", "False", "0"):
        assert waha.call("GET", f"/api/sessions?all={value}") == []
    assert waha.call("GET", "/api/sessions?all=maybe", 400) == {
        "message": ["all must be a boolean value"],
        "error": "Bad Request",
        "statusCode": 400,
    }


def test_a_picture_is_json_only_for_who_accepts_nothing_else(waha: Consumer) -> None:
    waha.call("POST", "/api/sessions", json={"name": "default"})
    waha.reaches("default", "SCAN_QR_CODE")
    told = waha.call("GET", "/api/default/auth/qr", headers={"Accept": "application/json"})
    assert told["mimetype"] == "image/png"
    for accepted in ("application/json, text/plain, */*", "image/png", "*/*"):
        picture = waha.raw("GET", "/api/default/auth/qr", headers={"Accept": accepted})
        assert picture.headers["content-type"] == "image/png"
        assert picture.content == base64.b64decode(told["data"])
        assert picture.content.startswith(b"\x89PNG")


def test_nothing_to_say_is_an_empty_body_that_is_not_called_json(waha: Consumer) -> None:
    waha.call("POST", "/api/sessions", json={"name": "default", "start": False})
    for method, path, status in (("DELETE", "/api/sessions/default", 200), ("POST", "/api/sessions/logout", 201)):
        answer = waha.raw(method, path, json={"name": "default"})
        assert (answer.status_code, answer.content, answer.headers["content-length"]) == (status, b"", "0")
        assert "json" not in answer.headers.get("content-type", "")


def test_a_session_that_is_not_ready_is_told_in_the_sentence_that_consumers_match(waha: Consumer) -> None:
    body = {"chatId": NUMBER, "text": "Hello"}
    assert waha.call("POST", "/api/sendText", 422, json=body) == {
        "error": 'Session "default" does not exist',
        "session": "default",
    }
    waha.call("POST", "/api/sessions", json={"name": "default", "start": False})
    sentence = "Session status is not as expected. Try again later or restart the session"
    for status in ("STOPPED", "SCAN_QR_CODE"):
        refused = waha.call("POST", "/api/sendText", 422, json=body)
        assert refused == {"error": sentence, "session": "default", "status": status, "expected": ["WORKING"]}
        waha.call("POST", "/api/sessions/default/start")
        waha.reaches("default", "SCAN_QR_CODE")
    waha.service.browser.scan(waha.client("default"))
    waha.reaches("default", "WORKING")
    refused = waha.call("GET", "/api/default/auth/qr", 422)
    assert refused == {"error": sentence, "session": "default", "status": "WORKING", "expected": ["SCAN_QR_CODE"]}


def test_a_body_that_is_wrong_is_told_in_a_list_of_sentences(waha: Consumer) -> None:
    waha.works()
    for body, sentence in (
        ({"chatId": NUMBER}, "text should not be empty"),
        ({"chatId": "nobody", "text": "Hello"}, "chatId must be a chat id such as"),
        ({"text": "Hello"}, "chatId should not be empty"),
    ):
        refused = waha.call("POST", "/api/sendText", 400, json=body)
        assert refused["error"] == "Bad Request"
        assert refused["message"][0].startswith(sentence)
    assert waha.call("POST", "/api/sendText", 400, content=b"{")["message"] == [
        "The body is not JSON: it ends too early, at line 1, column 1"
    ]
    assert waha.call("POST", "/api/sendText", 400, content=b"[]")["message"] == ["The body is not a JSON object"]


def test_content_and_times_that_a_call_would_pass_over_are_refused(waha: Consumer) -> None:
    waha.works()
    file, place = {"url": "https://a.example/a.png"}, {"latitude": 1, "longitude": 2}
    for call, more, name in (
        ("sendText", {"text": "x", "sendAt": "2099-01-01T00:00:00Z"}, "sendAt"),
        ("sendText", {"text": "x", "file": file}, "file"),
        ("sendText", {"text": "x", "buttons": ["a"]}, "buttons"),
        ("sendImage", {"file": file, "text": "x"}, "text"),
        ("sendLocation", {**place, "schedule": "tomorrow"}, "schedule"),
        ("sendPoll", {"poll": {"name": "?", "options": ["a", "b"]}, "caption": "x"}, "caption"),
    ):
        refused = waha.call("POST", f"/api/{call}", 400, json={"chatId": NUMBER, **more})
        assert refused["message"] == [f"{name} is not supported by this call: leave it out"]
    both = {"chatId": NUMBER, "file": {**file, "data": "AAAA"}}
    assert "only one" in waha.call("POST", "/api/sendImage", 400, json=both)["message"][0]
    waha.call("POST", "/api/sendText", json={"chatId": NUMBER, "text": "x", "file": None, "whatever": 1})


def test_the_face_can_be_turned_off_and_moves_nothing_of_the_native_calls(tmp_path: Path) -> None:
    with Running(tmp_path / "data", waha=False) as service:
        assert service.get("/api/sessions").json()["code"] == "NOT_FOUND"
        assert service.get("/ping").json()["code"] == "NOT_FOUND"
        assert service.get("/status", 1).json()["state"] == State.NOT_INITIALIZED
