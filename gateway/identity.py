"""Whose request it is: `X-Cliente-Id`. It selects a client; it never authenticates anyone."""

from __future__ import annotations

from collections.abc import Iterable

from actors.clients.types import MAX_CLIENT_ID, ClientId

HEADER = b"x-cliente-id"
_MAX_DIGITS = len(str(MAX_CLIENT_ID))


class HeaderRefused(Exception):
    """The header names no client. `code` is the contract's."""

    code: str


class MissingHeader(HeaderRefused):
    """There is no such header."""

    code = "MISSING_HEADER"

    def __init__(self) -> None:
        super().__init__("Header X-Cliente-Id is required")


class InvalidHeader(HeaderRefused):
    """It is not a number from 1 to 2147483647, or there are two that differ."""

    code = "INVALID_HEADER"

    def __init__(self) -> None:
        super().__init__("X-Cliente-Id must be a positive integer")


def client_of(headers: Iterable[tuple[bytes, bytes]]) -> ClientId:
    """The client that raw ASGI headers ask for. Raises MissingHeader, InvalidHeader."""
    found = None
    for name, value in headers:
        if name == HEADER:
            if found is not None and value != found:
                raise InvalidHeader
            found = value
    if found is None:
        raise MissingHeader
    client_id = client_number(found)
    if client_id is None:
        raise InvalidHeader
    return client_id


def client_number(text: bytes) -> ClientId | None:
    """A client's number written in ASCII decimal digits (bytes know no others), or None where it is no such number."""
    if not text.isdigit():
        return None
    digits = text.lstrip(b"0")
    if not 0 < len(digits) <= _MAX_DIGITS or int(digits) > MAX_CLIENT_ID:
        return None
    return ClientId(int(digits))
