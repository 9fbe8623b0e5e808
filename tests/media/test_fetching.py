"""Files fetched from addresses: what is reached, what is refused, and what is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from actors.media.fetching import REDIRECTS, FetchedFile, Fetcher, FetchOptions, MediaRefused, MediaUnreachable
from actors.webhooks.addresses import Address, networks
from tests.webhooks.receiver import Receiver, Request, always, answer, choose

LOOPBACK = networks(["127.0.0.0/8", "::1"])
PDF = b"%PDF-1.7 " + bytes(5000)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(always(answer(200, PDF, Content_Type="application/pdf"))) as running:
        yield running


def fetched(url: str, *, resolver: Any = None, **options: Any) -> tuple[bytes, FetchedFile]:
    """The file, and what is said of it."""
    body = bytearray()

    async def take(data: bytes) -> None:
        body.extend(data)

    given = FetchOptions(**{"deadline": 5.0, "allowed": LOOPBACK, **options})
    told = asyncio.run(Fetcher(given, resolver=resolver).fetch(url, take))
    return bytes(body), told


def url_of(receiver: Receiver, path: str = "/") -> str:
    return f"http://127.0.0.1:{receiver.port}{path}"


def test_a_file_comes_with_its_type_and_its_name(receiver: Receiver) -> None:
    data, told = fetched(url_of(receiver, "/files/my%20invoice.pdf?x=1"))
    assert (data, told) == (PDF, FetchedFile("application/pdf", "my invoice.pdf"))
    disposition = "attachment; filename=\"x.pdf\"; filename*=UTF-8''factura%20%C3%B1.pdf"
    receiver.behaviour = always(answer(200, PDF, Content_Disposition=disposition))
    assert fetched(url_of(receiver))[1] == FetchedFile(None, "factura ñ.pdf")


def test_private_addresses_are_refused_and_never_connected_to(receiver: Receiver) -> None:
    for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"):
        with pytest.raises(MediaRefused, match="may not be"):
            fetched(f"http://{host}:{receiver.port}/", allowed=())
    assert receiver.requests == []


def test_an_address_that_leads_to_loopback_is_refused_there(receiver: Receiver) -> None:
    """The first address is allowed, the one it leads to is not."""
    with Receiver() as inner:
        target = f"http://127.0.0.2:{inner.port}/secret"
        receiver.behaviour = always(answer(302, b"", Location=target))
        with pytest.raises(MediaRefused, match="loopback"):
            fetched(url_of(receiver), allowed=networks(["127.0.0.1"]))
        assert inner.requests == []


def test_a_name_that_answers_differently_the_second_time_gains_nothing(receiver: Receiver) -> None:
    answers = iter(["203.0.113.1", "127.0.0.1"])

    async def resolver(_host: str, _port: int) -> list[Address]:
        return [ip_address(next(answers))]

    with pytest.raises(MediaRefused):
        fetched(f"http://example.test:{receiver.port}/", resolver=resolver, allowed=())
    assert receiver.requests == []


def test_redirects_are_followed_a_few_times(receiver: Receiver) -> None:
    def lead_on(request: Request) -> bytes:
        number = int(request.path.strip("/") or 0)
        if number == REDIRECTS:
            return answer(200, PDF)
        return answer(301 + number % 2, b"moved", Location=f"/{number + 1}")

    receiver.behaviour = choose(lead_on)
    assert fetched(url_of(receiver))[0] == PDF
    receiver.behaviour = choose(lambda request: answer(302, b"", Location=request.path + "x"))
    with pytest.raises(MediaUnreachable, match=f"more than {REDIRECTS} times"):
        fetched(url_of(receiver))


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://", "http:// /", ""])
def test_a_redirect_to_what_is_no_http_is_refused(receiver: Receiver, place: str) -> None:
    receiver.behaviour = always(answer(302, b"", **({"Location": place} if place else {})))
    with pytest.raises((MediaRefused, MediaUnreachable)):
        fetched(url_of(receiver), deadline=2.0)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a", "http://", "//x", "x", "http://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(MediaRefused, match="http:// or https://"):
        fetched(url)


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 404, 410, 500, 503])
def test_only_200_is_a_file(receiver: Receiver, status: int) -> None:
    receiver.behaviour = always(answer(status, b""))
    with pytest.raises(MediaUnreachable, match=f"answered {status}"):
        fetched(url_of(receiver))


def test_a_web_page_is_no_file(receiver: Receiver) -> None:
    receiver.behaviour = always(answer(200, b"<html>", Content_Type="text/html; charset=utf-8"))
    with pytest.raises(MediaRefused, match="a web page"):
        fetched(url_of(receiver))


def test_what_is_too_large_is_given_up_by_its_length_or_by_its_bytes(receiver: Receiver) -> None:
    receiver.behaviour = always(answer(200, b"", Content_Length="1001"))
    with pytest.raises(MediaRefused, match="larger than 1000 bytes"):
        fetched(url_of(receiver), largest=1000)

    async def endless(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(bytes(65536))
                await writer.drain()
        except OSError:
            writer.close()

    receiver.behaviour = endless
    with pytest.raises(MediaRefused, match="larger than"):
        fetched(url_of(receiver), largest=10_000_000)


def test_what_never_ends_or_never_begins_is_given_up_in_time(receiver: Receiver) -> None:
    receiver.behaviour = always(None)
    with pytest.raises(MediaUnreachable, match=r"within 0\.3 s"):
        fetched(url_of(receiver), deadline=0.3)

    async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        except OSError:
            writer.close()

    receiver.behaviour = drip
    with pytest.raises(MediaUnreachable, match=r"within 0\.3 s"):
        fetched(url_of(receiver), deadline=0.3)


def test_a_file_that_is_cut_short_is_not_taken_for_whole(receiver: Receiver) -> None:
    async def cut(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    receiver.behaviour = cut
    with pytest.raises(MediaUnreachable):
        fetched(url_of(receiver))


def test_nobody_listening_and_no_http_are_said_so(receiver: Receiver) -> None:
    receiver.behaviour = always(b"SSH-2.0-OpenSSH\r\n\r\n")
    with pytest.raises(MediaUnreachable, match="valid HTTP"):
        fetched(url_of(receiver))
    with Receiver() as other:
        gone = other.port
    with pytest.raises(MediaUnreachable, match="cannot be connected to"):
        fetched(f"http://127.0.0.1:{gone}/")
