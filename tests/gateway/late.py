"""As if somebody's time were over: a message that is with the page, its caller, and what each of them waits for.

Real clocks would decide by chance who is late first; here a test does.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import httpx2

from actors.clients.pending import DeadlineOver
from actors.clients.types import ClientId
from actors.outbox.protocol import AwaitOver
from tests.gateway.running import Running, until

Answer = Future[httpx2.Response]


def with_the_page(service: Running) -> str:
    """Wait until the page of client 1 has a message; the id by which callers ask for it."""
    until(lambda: service.browser.page(ClientId(1)).ordered("SendText"), bool, "the message is with the page")
    (message,) = service.get("/messages?state=sending", 1).json()["messages"]
    id: str = message["id"]
    return id


def caller_late(service: Running, id: str, answer: Answer, ticket: int = 1) -> None:
    """The time of the first caller, or of a later one, is over. Waits for his answer."""

    def over() -> bool:  # told again, should his question not have come to the outbox yet
        service.system.outbox.tell(AwaitOver(id, ticket))
        return answer.done()

    until(over, bool, "the caller is answered")


def page_late(service: Running, _id: str, _answer: Answer) -> None:
    """The page's time to confirm is over. Waits until it is asked what it knows."""
    page = service.browser.page(ClientId(1))
    (order,) = page.ordered("SendText")
    client: Any = service.system.find(ClientId(1))
    client.tell(DeadlineOver(order["order"]))
    until(lambda: page.ordered("LookUp"), bool, "the page is asked")
