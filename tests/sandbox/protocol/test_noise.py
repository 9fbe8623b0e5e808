"""Frames, certificates, and a handshake. Baileys is the client in tests/peers/test_protocol.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.protocol.curve import KeyPair, verify
from sandbox.protocol.noise import Authority, Frames, Handshake, StreamBroken, Transport, framed
from sandbox.protocol.schemas import CERTIFICATE_DETAILS, CERTIFICATES, HANDSHAKE

PROLOGUE = b"WA\6\3"
ROUTING = b"ED\0\1\0\0\4abcd"


@given(st.lists(st.binary(max_size=300)), st.lists(st.integers(1, 40)), st.booleans())
def test_frames_are_whole_wherever_the_network_cuts(sent: list[bytes], cuts: list[int], routed: bool) -> None:
    data = (ROUTING if routed else b"") + PROLOGUE + b"".join(map(framed, sent))
    frames = Frames()
    received: list[bytes] = []
    for cut in [*cuts, len(data)]:
        received += frames.feed(data[:cut])
        data = data[cut:]
    assert received == sent
    assert frames.prologue == PROLOGUE


def test_a_stream_of_something_else_is_refused() -> None:
    with pytest.raises(StreamBroken, match="begins with WA"):
        list(Frames().feed(b"GET / HTTP/1.1"))


def test_the_root_signs_the_intermediate_and_that_the_server() -> None:
    authority = Authority()
    chain = CERTIFICATES.decode(authority.certificates())
    intermediate = CERTIFICATE_DETAILS.decode(chain["intermediate"]["details"])
    leaf = CERTIFICATE_DETAILS.decode(chain["leaf"]["details"])
    verify(authority.root.public, chain["intermediate"]["details"], chain["intermediate"]["signature"])
    verify(intermediate["key"], chain["leaf"]["details"], chain["leaf"]["signature"])
    assert leaf["key"] == authority.server.public
    assert intermediate["issuer_serial"] == 0, "what clients compare with"


@pytest.mark.parametrize(
    "hello", [b"", HANDSHAKE.encode({"client_hello": {"ephemeral": b"short"}}), HANDSHAKE.encode({"client_finish": {}})]
)
def test_a_hello_without_a_key_is_refused(hello: bytes) -> None:
    with pytest.raises(StreamBroken, match="no ephemeral key"):
        Handshake(PROLOGUE, Authority()).hello(hello)


def test_a_finish_that_was_not_made_for_this_handshake_is_refused() -> None:
    handshake = Handshake(PROLOGUE, Authority())
    answer = HANDSHAKE.decode(handshake.hello(HANDSHAKE.encode({"client_hello": {"ephemeral": KeyPair.new().public}})))
    assert {name: len(value) for name, value in answer["server_hello"].items() if name != "payload"} == {
        "ephemeral": 32,
        "static": 48,
    }
    with pytest.raises(StreamBroken, match="cannot be decrypted"):
        handshake.finish(HANDSHAKE.encode({"client_finish": {"static": bytes(48), "payload": bytes(20)}}))


def test_each_message_of_a_transport_counts() -> None:
    here, there = Transport(b"a" * 32, b"b" * 32), Transport(b"b" * 32, b"a" * 32)
    sealed = [here.encrypt(b"same"), here.encrypt(b"same")]
    assert sealed[0] != sealed[1]
    assert [there.decrypt(one) for one in sealed] == [b"same", b"same"]
    with pytest.raises(StreamBroken):
        there.decrypt(sealed[0])
