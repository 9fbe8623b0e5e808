"""One attempt against every kind of target: it ends in time, in an outcome, and only where it may go."""

from __future__ import annotations

import asyncio
import gc
import queue
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from actors.webhooks.addresses import Address, networks
from actors.webhooks.http import BODY_LIMIT, HttpPoster, Post, PostingOptions, Resolver
from actors.webhooks.schedule import HttpAnswer, Outcome, Unanswered
from tests.webhooks.receiver import Receiver, Request, always, answer
from tests.webhooks.sending import LOOPBACK

DEADLINE = 0.6
"""For targets that hang. Those that answer have longer: a busy machine is no hanging target."""
PATIENCE = 10.0


@contextmanager
def posting(
    resolver: Resolver | None = None,
    allowed: tuple[str, ...] = ("127.0.0.0/8",),
    tls: ssl.SSLContext | None = None,
    deadline: float = PATIENCE,
) -> Iterator[HttpPoster]:
    options = PostingOptions(connect=deadline, deadline=deadline, allowed=networks(allowed))
    poster = HttpPoster(options, resolver=resolver, tls=tls)
    poster.start()
    try:
        yield poster
    finally:
        poster.stop(0.0)


def post(poster: HttpPoster, url: str, body: bytes = b"{}") -> Outcome:
    outcomes: queue.Queue[Outcome] = queue.Queue()
    poster.post(Post(url, [("X-Test", "1")], body), outcomes.put)
    return outcomes.get(timeout=2 * PATIENCE)


def once(url: str, **options: Any) -> Outcome:
    with posting(**options) as poster:
        return post(poster, url)


def timed(url: str, deadline: float = DEADLINE) -> tuple[Outcome, float]:
    """The outcome, and how many seconds it took."""
    with posting(deadline=deadline) as poster:
        began = time.monotonic()
        return post(poster, url), time.monotonic() - began


def answers(*each: str) -> Resolver:
    """Names answer with these addresses, one after the other; the last stays."""
    left = list(each)

    async def resolver(_host: str, _port: int) -> list[Address]:
        return [ip_address(left.pop(0) if len(left) > 1 else left[0])]

    return resolver


def both(*addresses: str) -> Resolver:
    """Every name has all of these addresses."""

    async def resolver(_host: str, _port: int) -> list[Address]:
        return [ip_address(address) for address in addresses]

    return resolver


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500])
def test_the_status_is_the_outcome(receiver: Receiver, status: int) -> None:
    receiver.behaviour = always(answer(status, b"" if status == 204 else b"body"))
    assert once(receiver.url) == HttpAnswer(status)


def test_a_retry_after_comes_with_the_status(receiver: Receiver) -> None:
    receiver.behaviour = always(answer(429, Retry_After="7"))
    assert once(receiver.url) == HttpAnswer(429, "7")


def test_the_body_goes_out_as_it_is_and_the_connection_is_used_again(receiver: Receiver) -> None:
    connections: set[object] = set()

    async def count(_request: Request, writer: asyncio.StreamWriter) -> bytes:
        connections.add(writer.get_extra_info("peername"))
        return answer(body=b"x" * 1000)

    receiver.behaviour = count
    with posting() as poster:
        for _ in range(5):
            post(poster, receiver.url, b'{"a": "\xc3\xa9"}')
    assert {request.body for request in receiver.requests} == {b'{"a": "\xc3\xa9"}'}
    assert len(connections) == 1


def test_a_target_that_hangs_is_given_up_at_the_deadline() -> None:
    with Receiver(always(None)) as hanging:
        outcome, seconds = timed(hanging.url)
    assert outcome == Unanswered("The target did not answer in time", slow=True)
    assert seconds < DEADLINE + 1.5


def test_a_head_that_drips_is_given_up_at_the_deadline() -> None:
    async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
        for byte in answer(body=b"never seen"):
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    with Receiver(drip) as dripping:
        outcome, seconds = timed(dripping.url)
    assert outcome == Unanswered("The target did not answer in time", slow=True)
    assert seconds < DEADLINE + 1.5


def test_a_body_that_drips_does_not_spoil_the_status() -> None:
    async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.05)

    with Receiver(drip) as dripping:
        outcome, seconds = timed(dripping.url, PATIENCE)
    assert outcome == HttpAnswer(200)
    assert seconds < 3.0


def test_of_a_huge_body_only_the_beginning_is_read() -> None:
    sent = 0

    async def flood(_request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    with Receiver(flood) as flooding:
        assert once(flooding.url) == HttpAnswer(200)
    # What the sockets' buffers take is not read by anybody.
    assert sent < 20_000_000
    assert BODY_LIMIT < 1_000_000


def test_endless_headers_are_refused() -> None:
    async def flood(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-Long: " + b"x" * 1000 + b"\r\n")
            await writer.drain()

    with Receiver(flood) as flooding:
        outcome = once(flooding.url)
    assert isinstance(outcome, Unanswered)
    assert outcome.why.startswith("The target does not answer in valid HTTP")


@pytest.mark.parametrize("raw", [b"\0\1\2 nonsense\r\n\r\n", b"HTTP/1.1 999999 Odd\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_what_is_not_http_is_a_failure(raw: bytes) -> None:
    async def speak(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        writer.close()

    with Receiver(speak) as odd:
        outcome = once(odd.url)
    assert isinstance(outcome, Unanswered)
    assert not outcome.final


def test_nobody_listening_is_a_failure_and_not_slow() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        outcome = once(f"http://127.0.0.1:{held.getsockname()[1]}/")
    assert isinstance(outcome, Unanswered)
    assert not outcome.slow
    assert not outcome.final


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254", "10.0.0.1"])
def test_an_address_that_is_not_public_is_refused_for_good(receiver: Receiver, host: str) -> None:
    outcome = once(f"http://{host}:{receiver.port}/", allowed=())
    assert isinstance(outcome, Unanswered)
    assert outcome.final
    assert receiver.requests == []


@pytest.mark.parametrize("host", ["localhost", "localhost."])
def test_a_name_of_the_loopback_is_refused_for_good(receiver: Receiver, host: str) -> None:
    outcome = once(f"http://{host}:{receiver.port}/", allowed=())
    assert outcome == Unanswered("The target's address is loopback: it may not be reached", final=True)
    assert receiver.requests == []


@pytest.mark.parametrize("place", ["2130706433:80", "0x7f.1:80", "127.1:80", "a.example:-1", "a..b:80", "u@a.example"])
def test_what_an_earlier_version_stored_and_cannot_be_asked_ends_for_good(
    place: str, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = once(f"http://{place}/", allowed=())
    assert isinstance(outcome, Unanswered)
    assert (outcome.final, outcome.why.startswith("The target's URL should ")) == (True, True)
    assert caplog.records == []


def test_a_name_is_resolved_by_the_system_where_nothing_is_injected(receiver: Receiver) -> None:
    assert once(f"http://localhost:{receiver.port}/") == HttpAnswer(200)


def test_a_name_that_answers_differently_the_second_time_gains_nothing(receiver: Receiver) -> None:
    """The check sees 127.0.0.5 (allowed here, in the place of a public address); a second look would see 127.0.0.1."""
    resolver = answers("127.0.0.5", "127.0.0.1")
    url = f"http://rebinding.example:{receiver.port}/"
    with posting(resolver, allowed=("127.0.0.5/32",)) as poster:
        first = post(poster, url)
        second = post(poster, url)
    assert isinstance(first, Unanswered)
    assert not first.final, "it went to the address that was checked, where nobody listens"
    assert second == Unanswered("The target's address is loopback: it may not be reached", final=True)
    assert receiver.requests == []


def test_of_several_addresses_the_refused_are_not_used_and_the_dead_are_passed_over(receiver: Receiver) -> None:
    url = f"http://many.example:{receiver.port}/"
    assert once(url, resolver=both("10.0.0.1", "127.0.0.9", "127.0.0.1")) == HttpAnswer(200)
    assert isinstance(once(url, resolver=both("10.0.0.1", "::1")), Unanswered)
    assert receiver.requests[0].headers["host"] == f"many.example:{receiver.port}"


def test_a_resolver_that_hangs_is_given_up_and_holds_up_no_other(receiver: Receiver) -> None:
    async def resolver(host: str, _port: int) -> list[Address]:
        if host == "hanging.example":
            await asyncio.Event().wait()
        return [ip_address("127.0.0.1")]

    outcomes: queue.Queue[Outcome] = queue.Queue()
    with posting(resolver, deadline=2.0) as poster:
        poster.post(Post(f"http://hanging.example:{receiver.port}/", [], b""), outcomes.put)
        assert post(poster, f"http://quick.example:{receiver.port}/") == HttpAnswer(200)
        slow = outcomes.get(timeout=PATIENCE)
    assert isinstance(slow, Unanswered)
    assert slow.slow


def test_a_name_nobody_knows_is_a_failure(receiver: Receiver) -> None:
    async def resolver(_host: str, _port: int) -> list[Address]:
        raise OSError("no such name")

    outcome = once(f"http://nowhere.example:{receiver.port}/", resolver=resolver)
    assert outcome == Unanswered("The target cannot be connected to: the name cannot be resolved")


def test_a_proxy_in_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert once(receiver.url) == HttpAnswer(200)
        assert proxy.requests == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for hook.example, and its key."""
    made = tmp_path_factory.mktemp("tls")
    key, certificate = made / "key.pem", made / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=hook.example"]
    subprocess.run(
        [*command, "-addext", "subjectAltName=DNS:hook.example"], check=True, capture_output=True, timeout=20
    )
    return certificate, key


def test_tls_verifies_the_name_and_not_the_address(certificate: tuple[Path, Path]) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    client = ssl.create_default_context(cafile=str(certificate[0]))
    resolver = both("127.0.0.1")
    with _tls_listener(server) as port, posting(resolver, tls=client) as poster:
        assert post(poster, f"https://hook.example:{port}/") == HttpAnswer(204)
        other = post(poster, f"https://other.example:{port}/")
    assert isinstance(other, Unanswered)
    assert "cannot be connected to" in other.why


def test_after_the_end_nothing_is_sent(receiver: Receiver) -> None:
    poster = HttpPoster(PostingOptions(allowed=LOOPBACK))
    poster.post(Post(receiver.url, [], b""), lambda _: None)
    poster.start()
    poster.stop(1.0)
    poster.post(Post(receiver.url, [], b""), lambda _: None)
    assert receiver.requests == []


def test_what_hangs_at_the_end_is_cut_off() -> None:
    with Receiver(always(None)) as hanging:
        poster = HttpPoster(PostingOptions(allowed=LOOPBACK))
        poster.start()
        outcomes: list[Outcome] = []
        poster.post(Post(hanging.url, [], b""), outcomes.append)
        hanging.wait(1)
        began = time.monotonic()
        poster.stop(0.1)
        assert time.monotonic() - began < 1.0
        assert outcomes == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_does_not_heed_the_end_holds_up_nobody() -> None:
    begun = threading.Event()

    async def stubborn(_host: str, _port: int) -> list[Address]:
        begun.set()
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    poster = HttpPoster(PostingOptions(allowed=LOOPBACK), resolver=stubborn)
    poster.start()
    poster.post(Post("http://stubborn.example/", [], b""), lambda _: None)
    assert begun.wait(10.0)
    thread = poster._thread
    assert thread is not None
    poster.stop(0.0)
    thread.join(10.0)
    assert not thread.is_alive()
    del poster
    gc.collect()  # what was left behind complains when it is collected: here, and not in another test


@contextmanager
def _tls_listener(context: ssl.SSLContext) -> Iterator[int]:
    """Answers 204 over TLS, one connection after the other, until it is closed."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10.0)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.settimeout(5.0)
                    # All of it, body too: closing with something unread resets the connection under the answer.
                    received = b""
                    while not received.endswith(b"\r\n\r\n{}") and (part := secure.recv(65536)):
                        received += part
                    secure.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve, name="tls")
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10.0)
