"""Pages of other origins, and sites whose names were made to point at us, reach nothing."""

from __future__ import annotations

import pytest

from tests.gateway.every_call import FIRST, Call, Keys, asked, calls, refused
from tests.gateway.raw import Raw, request
from tests.gateway.running import Running


@pytest.mark.parametrize("call", calls())
def test_a_page_of_another_origin_reaches_nothing(keys: Keys, unlocked: Running, call: Call) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        refused(keys.ask(call, FIRST, Origin=origin), 403, "FORBIDDEN")
        with Raw(unlocked.url) as connection:
            connection.send(asked(call, 1, X_Cliente_Id="1", Origin=origin, Content_Type="text/plain"))
            answer = connection.answer()
            refused(answer, 403, "FORBIDDEN")
            assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("call", calls())
def test_a_name_made_to_point_at_us_reaches_nothing_where_no_key_is_needed(unlocked: Running, call: Call) -> None:
    for host in ("evil.example", "evil.example:3001", "127.0.0.1.evil.example", "0.0.0.0"):
        with Raw(unlocked.url) as connection:
            refused(connection.send(asked(call, 1, X_Cliente_Id="1", Host=host)).answer(), 421, "MISDIRECTED_REQUEST")
    with Raw(unlocked.url) as connection:  # no Host at all: RFC 9112, section 3.2
        refused(connection.send(asked(call, 1, X_Cliente_Id="1", Host="a@127.0.0.1")).answer(), 400, "BAD_REQUEST")


def test_without_a_key_whoever_reaches_loopback_may_do_anything(unlocked: Running) -> None:
    with Raw(unlocked.url) as connection:
        assert connection.send(request(target="/clients")).answer().status == 200
        assert connection.send(request(target="/clients", X_Api_Key="whatever")).answer().status == 200
        assert b"clients" in connection.send(request(target="/health")).answer().body
