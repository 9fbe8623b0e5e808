"""Signing in at the dashboard: what the cookie is good for, how long, and what it takes to change something by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from actors.clients.types import ClientId
from gateway.routes.pages import DASHBOARD, FILES
from gateway.security.auth import Forbidden, Scope
from gateway.security.keys import Keyring, KeyStore, draw
from gateway.security.sessions import COOKIE, HTTPS_COOKIE, IDLE, LIFE, LIMIT, BrowserSessions
from tests.gateway.running import PATIENCE, Running

FIRST = "the-first-key-of-a-test"


def no_store() -> KeyStore:
    raise AssertionError("a session asks no store")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(no_store, first=FIRST)


@pytest.fixture
def sessions(keyring: Keyring, clock: Clock) -> BrowserSessions:
    return BrowserSessions(keyring, clock)


def request(id: str | None, method: str = "GET", **headers: str) -> dict[str, Any]:
    fields = {"host": "localhost", **({"cookie": f"other=1; {COOKIE}={id}"} if id else {}), **headers}
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in fields.items()]
    return {"method": method, "headers": raw}


def opened(sessions: BrowserSessions) -> tuple[str, str]:
    found = sessions.open(FIRST)
    assert found is not None
    id, session = found
    return id, session.token


# --- what it is good for ----------------------------------------------------------------------------------------------


def test_a_session_is_its_key(sessions: BrowserSessions, keyring: Keyring) -> None:
    key, text = draw("reader", [Scope.READ], [ClientId(7)])
    keyring.hold([key])
    found = sessions.open(text)
    assert found is not None
    caller = sessions.identify(request(found[0]))
    assert caller is not None
    assert (caller.key_id, caller.scopes, caller.clients) == (key.id, frozenset({Scope.READ}), frozenset({ClientId(7)}))
    keyring.hold([])
    assert sessions.identify(request(found[0])) is None


def test_a_wrong_key_opens_nothing(sessions: BrowserSessions) -> None:
    for key in ("", "x", FIRST + "x", "\ud800", "\0"):
        assert sessions.open(key) is None
    assert len(sessions) == 0


@pytest.mark.parametrize("header", ["", "x", '"', f"{COOKIE}=", f"{COOKIE}=x", f"{COOKIE}", "\xff=\xfe", "=;=;" * 500])
def test_a_cookie_that_is_none_of_ours_is_nobody(sessions: BrowserSessions, header: str) -> None:
    opened(sessions)
    assert sessions.identify(request(None, cookie=header)) is None


def test_cookies_of_others_on_this_host_are_passed_over(sessions: BrowserSessions) -> None:
    id, _ = opened(sessions)
    for other in ('x=["a", {"b": 1}]', "x", "=", "\xff", f"not_{COOKIE}=1", "a=b=c"):
        assert sessions.identify(request(None, cookie=f"{other}; {COOKIE}={id}")) is not None, other
        assert sessions.identify(request(None, cookie=f"{COOKIE}={id};{other}")) is not None, other


@pytest.mark.parametrize("sign", [{"scheme": "https"}, {"scheme": "wss"}, {"x_forwarded_proto": "https"}])
def test_over_https_only_a_cookie_counts_that_no_sibling_of_this_host_can_set(
    sessions: BrowserSessions, sign: dict[str, str]
) -> None:
    id, _ = opened(sessions)
    headers = {name: value for name, value in sign.items() if name != "scheme"}
    scheme = {"scheme": sign.get("scheme", "http")}
    for name, known in ((COOKIE, False), (HTTPS_COOKIE, True)):
        caller = sessions.identify(request(None, cookie=f"{name}={id}", **headers) | scheme)
        assert (caller is not None) is known
    assert sessions.identify(request(None, cookie=f"{HTTPS_COOKIE}={id}")) is None


def test_a_key_beside_the_cookie_decides_alone(sessions: BrowserSessions) -> None:
    id, _ = opened(sessions)
    assert sessions.identify(request(id, x_api_key="wrong")) is None


# --- changes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_a_change_needs_the_token(sessions: BrowserSessions, method: str) -> None:
    id, token = opened(sessions)
    for wrong in ({}, {"x_csrf_token": ""}, {"x_csrf_token": token[:-1]}, {"x_csrf_token": id}):
        with pytest.raises(Forbidden, match="X-CSRF-Token"):
            sessions.identify(request(id, method, **wrong))
    assert sessions.identify(request(id, method, x_csrf_token=token)) is not None


def test_the_token_of_another_session_will_not_do(sessions: BrowserSessions) -> None:
    (id, _), (_, token) = opened(sessions), opened(sessions)
    with pytest.raises(Forbidden):
        sessions.identify(request(id, "POST", x_csrf_token=token))


@pytest.mark.parametrize(
    "sign",
    [
        {"origin": "http://localhost:8080"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "x"},
    ],
)
def test_a_page_of_another_origin_is_nobody_even_with_the_token(
    sessions: BrowserSessions, sign: dict[str, str]
) -> None:
    id, token = opened(sessions)
    for method in ("GET", "POST"):
        assert sessions.identify(request(id, method, x_csrf_token=token, **sign)) is None


def test_our_own_page_is_let_in(sessions: BrowserSessions) -> None:
    id, token = opened(sessions)
    ours = {"origin": "http://localhost", "sec_fetch_site": "same-origin", "x_csrf_token": token}
    assert sessions.identify(request(id, "POST", **ours)) is not None


# --- how long ---------------------------------------------------------------------------------------------------------


def test_a_session_without_calls_ends(sessions: BrowserSessions, clock: Clock) -> None:
    id, _ = opened(sessions)
    clock.now += IDLE - 1
    assert sessions.identify(request(id)) is not None
    clock.now += IDLE - 1
    assert sessions.identify(request(id)) is not None
    clock.now += IDLE
    assert sessions.identify(request(id)) is None
    assert len(sessions) == 0


def test_a_session_ends_however_busy_it_is(sessions: BrowserSessions, clock: Clock) -> None:
    id, _ = opened(sessions)
    began = clock.now
    while clock.now < began + LIFE:
        assert sessions.identify(request(id)) is not None
        clock.now += IDLE / 2
    assert sessions.identify(request(id)) is None


def test_there_are_so_many_sessions_and_no_more(sessions: BrowserSessions, clock: Clock) -> None:
    ids = []
    for _ in range(LIMIT):
        clock.now += 1
        ids.append(opened(sessions)[0])
    clock.now += 1
    assert sessions.identify(request(ids[0])) is not None  # no longer the one used least lately
    opened(sessions)
    assert len(sessions) == LIMIT
    assert sessions.identify(request(ids[0])) is not None
    assert sessions.identify(request(ids[1])) is None


def test_one_key_cannot_crowd_out_the_sessions_of_another(
    sessions: BrowserSessions, keyring: Keyring, clock: Clock
) -> None:
    key, text = draw("reader", [Scope.READ], None)
    keyring.hold([key])
    first, _ = opened(sessions)
    for _ in range(LIMIT + 5):
        clock.now += 1
        assert sessions.open(text) is not None
    assert len(sessions) == LIMIT
    assert sessions.identify(request(first)) is not None


def test_signing_out_ends_the_session_and_takes_the_token(sessions: BrowserSessions) -> None:
    id, token = opened(sessions)
    with pytest.raises(Forbidden):
        sessions.close(request(id, "DELETE"))
    sessions.close(request(id, "DELETE", x_csrf_token=token))
    assert sessions.identify(request(id)) is None


# --- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that needs a key; calls of the tests bring none by themselves."""
    with Running(tmp_path_factory.mktemp("sessions") / "data", api_key=FIRST) as service:
        service.http.headers.pop("X-Api-Key")
        yield service
    assert service.code == 0


@pytest.fixture
def browser(locked: Running) -> Iterator[httpx2.Client]:
    """Keeps cookies, as browsers do."""
    with httpx2.Client(base_url=locked.url, timeout=PATIENCE, verify=False) as client:
        yield client


def sign_in(browser: httpx2.Client, key: str = FIRST, **headers: str) -> httpx2.Response:
    return browser.post("/dashboard/session", data={"key": key}, headers=headers)


def test_one_signs_in_with_a_key_acts_and_signs_out(browser: httpx2.Client) -> None:
    stranger = browser.get("/dashboard/session").json()
    assert (stranger["signed_in"], stranger["key_needed"], stranger["csrf"]) == (False, True, None)
    assert browser.get("/clients").status_code == 401

    answer = sign_in(browser)
    assert answer.status_code == 200
    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={LIFE:.0f}"):
        assert attribute in answer.headers["set-cookie"]
    assert "Secure" not in answer.headers["set-cookie"]
    assert FIRST not in answer.headers["set-cookie"]
    told = browser.get("/dashboard/session").json()
    assert told == answer.json()
    assert told["scopes"] == ["read", "send", "control", "admin"]

    assert browser.get("/clients").status_code == 200
    start = {"X-Cliente-Id": "1"}
    refused = browser.post("/init", headers=start)
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    token = {"X-CSRF-Token": told["csrf"]}
    assert browser.post("/init", headers=start | token).json()["status"]["state"] == "QR_REQUIRED"
    assert browser.delete("/session/1", headers=token).status_code == 200

    assert browser.delete("/dashboard/session").status_code == 403
    assert browser.delete("/dashboard/session", headers=token).json()["signed_in"] is False
    assert browser.get("/clients").status_code == 401
    assert browser.delete("/dashboard/session").status_code == 200


def test_a_wrong_key_signs_nobody_in(browser: httpx2.Client) -> None:
    answer = sign_in(browser, "wrong")
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("body", [b"", b"key", b"key=a&key=b", b"\xff", b"{}", b"&" * 100, b"x=1"])
def test_a_form_that_is_none_is_refused(browser: httpx2.Client, body: bytes) -> None:
    answer = browser.post("/dashboard/session", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


def test_signing_in_again_needs_no_token_and_is_a_new_session(browser: httpx2.Client) -> None:
    first, second = sign_in(browser), sign_in(browser)
    assert second.status_code == 200
    assert first.json()["csrf"] != second.json()["csrf"]
    assert first.cookies[COOKIE] != second.cookies[COOKIE]


def test_the_cookie_is_for_https_only_where_the_browser_speaks_https(browser: httpx2.Client) -> None:
    given = sign_in(browser, **{"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert given.startswith(f"{HTTPS_COOKIE}=")
    for attribute in ("Secure", "Path=/", "HttpOnly", "SameSite=Strict"):
        assert f"; {attribute}" in given
    assert "Domain" not in given


def test_another_origin_cannot_sign_anybody_in(browser: httpx2.Client) -> None:
    assert sign_in(browser, Origin="https://evil.example").status_code == 403
    for site in ("cross-site", "same-site"):
        answer = sign_in(browser, **{"Sec-Fetch-Site": site})
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert "set-cookie" not in answer.headers


# --- the files --------------------------------------------------------------------------------------------------------


def test_the_page_is_open_strict_and_asked_about_every_time(browser: httpx2.Client) -> None:
    page = browser.get("/dashboard")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-cache"
    again = browser.get("/dashboard", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["x", "../x", "../__init__.py", "%2e%2e%2fapp.py", "index.html%00", ".html", ""])
def test_nothing_but_the_page_s_own_files_is_served(browser: httpx2.Client, name: str) -> None:
    assert browser.get(f"/dashboard/{name}").status_code == 404


def test_every_file_is_plain_and_names_no_other_host() -> None:
    assert {path.name for path in DASHBOARD.iterdir()} == set(FILES)
    for name, path in FILES.items():
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, name
        assert "https://" not in text, name
        for unsafe in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            " style=",
            "onclick=",
        ):
            assert unsafe not in text, name


def test_without_any_key_nobody_is_asked_for_one(service: Running) -> None:
    told = service.get("/dashboard/session").json()
    assert (told["signed_in"], told["key_needed"], told["csrf"]) == (True, False, None)
    assert told["scopes"] == ["read", "send", "control", "admin"]
