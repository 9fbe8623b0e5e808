"""Consumers that hand messages in as real ones do, and people who write to the clients.

Rule of this file: a consumer repeats a request with the same key until it is told what became of it. It draws a new key
for the same text only where it was told that the message did not leave, and will not.
"""

from __future__ import annotations

import base64
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.campaign.away import refusal
from tests.campaign.contents import MIB, Content, draw
from tests.campaign.plan import CHATS, Plan, Tide, friend

ASKS_AGAIN = 0.1
"""Share of the accepted messages that are handed in once more with the same key."""
TRIES_SECONDS = 240.0
"""How long one message is tried; then it is left as it is."""
WAYS = ["multipart", "base64", "digest"]
"""How a file comes."""
AGAIN = frozenset({409, 425, 429, 502, 503, 504})


@dataclass(slots=True)
class Handed:
    """One message of one consumer. `accepted`: it was told so; `uncertain`: the service could not say; `failures`: how
    often it was told that the message did not leave.
    """

    client_id: int
    content: Content
    way: str
    key: str
    accepted: bool = False
    uncertain: bool = False
    failures: int = 0
    repeats: int = 0
    answers: set[str] = field(default_factory=set)
    """Every WhatsApp id that this key was accepted with: one, if keys are kept."""


class Consumer:
    """Writes to one chat of one client, one message after the other. A thread of its own."""

    def __init__(self, plan: Plan, tide: Tide, url: str, pause: float, client_id: int, chat: int, largest: int) -> None:
        self._largest = largest
        self._pause, self._plan, self._tide, self._client_id, self._chat = pause, plan, tide, client_id, chat
        self._chance: random.Random = plan.chance("consumer", client_id, chat)
        self._http = httpx2.Client(base_url=url, headers={"X-Cliente-Id": str(client_id)}, timeout=60.0, verify=False)
        self.handed: list[Handed] = []
        self.wrong: list[str] = []
        self.refused = 0
        """How often the database was away."""

    def run(self) -> None:
        """Everything of its share, as the tide allows."""
        share = self._plan.share(self._client_id, self._chat)
        with self._http:
            for number in range(share):
                if not self._tide.wait(number / share):
                    return
                text = f"out {self._client_id}-{self._chat}-{number}"
                content = draw(self._chance, text, self._largest)
                way = self._chance.choice(WAYS if content.data else ["/send", "/messages"])
                self.handed.append(message := Handed(self._client_id, content, way, f"{text.replace(' ', '-')}#0"))
                self._hand_in(message)
                self._tide.done()

    def _hand_in(self, message: Handed) -> None:
        deadline = time.monotonic() + TRIES_SECONDS
        while not (message.accepted or self._tide.failed) and time.monotonic() < deadline:
            try:
                answer = self._post(message)
            except httpx2.TransportError:  # it was killed under the request, or is not there
                message.repeats += 1
            else:
                self._hear(message, answer)
            if not message.accepted:
                time.sleep(self._pause * (0.5 + self._chance.random()))

    def _post(self, message: Handed) -> httpx2.Response:
        """Hand in a text, or a file: as a part of the request, in base64, or uploaded before."""
        content, to = message.content, friend(self._client_id, self._chat)
        headers = {"Idempotency-Key": message.key}
        if not content.data:
            return self._http.post(message.way, json={"to": to, "message": content.text}, headers=headers)
        if message.way == "multipart":
            files = {content.kind: (content.filename, content.data)}
            return self._http.post("/messages", data={"to": to, **content.fields}, files=files, headers=headers)
        file: dict[str, Any] = {"filename": content.filename}
        if message.way == "base64" and len(content.data) <= MIB:
            file["data"] = base64.b64encode(content.data).decode()
        else:
            uploaded = self._http.post("/media", content=content.data)
            if uploaded.status_code != 201:
                return uploaded
            file["digest"] = uploaded.json()["digest"]
        return self._http.post("/messages", json={"to": to, content.kind: {**file, **content.fields}}, headers=headers)

    def _asks_again(self, message: Handed) -> bool:
        """Some consumers do not trust the first answer, or never see it."""
        return not message.answers and self._chance.random() < ASKS_AGAIN

    def _hear(self, message: Handed, answer: httpx2.Response) -> None:
        told: dict[str, Any] = answer.json()
        if answer.status_code == 503:
            self.wrong.extend(filter(None, [refusal(answer)]))
            self.refused += told.get("code") == "STORE_UNAVAILABLE"
        if answer.status_code in (200, 202):
            message.accepted = not self._asks_again(message)
            message.answers.add(str(told["message_id"]).split("_")[-1])
        elif told.get("outcome") == "failed":
            message.failures += 1
            message.answers.clear()
            message.key = f"{message.key.partition('#')[0]}#{message.failures}"
        elif told.get("outcome") == "unknown":
            message.uncertain = True
            message.repeats += 1
        elif answer.status_code in AGAIN:
            message.repeats += 1
        else:
            self.wrong.append(f"{message.way} answered {answer.status_code}: {answer.text[:200]}")
            message.repeats += 1


class Correspondent:
    """A person who writes to one client. A thread of its own."""

    def __init__(
        self, plan: Plan, tide: Tide, client_id: int, chat: int, write: Callable[[int, str, str, str], None]
    ) -> None:
        self._plan, self._tide, self._client_id, self._chat, self._write = plan, tide, client_id, chat, write
        self.written: list[tuple[int, str]] = []
        """Client and bare message id."""

    def run(self) -> None:
        """Everything of its share, as the tide allows."""
        share = self._plan.share(self._client_id, self._chat)
        for number in range(share):
            if not self._tide.wait(number / share):
                return
            id = f"3A{self._client_id:04X}{self._chat:04X}{number:010X}"
            text = f"in {self._client_id}/{self._chat}/{number}"
            self._write(self._client_id, friend(self._client_id, self._chat), text, id)
            self.written.append((self._client_id, id))


class Crowd:
    """All of them, each in a thread. `pause`: seconds between two tries of one request; `largest`: bytes of a file."""

    def __init__(
        self,
        plan: Plan,
        tide: Tide,
        url: str,
        pause: float,
        write: Callable[[int, str, str, str], None],
        largest: int,
    ) -> None:
        chats = [(client_id, chat) for client_id in range(1, plan.clients + 1) for chat in range(CHATS)]
        self._tide = tide
        self.consumers = [Consumer(plan, tide, url, pause, *chat, largest) for chat in chats]
        self.correspondents = [Correspondent(plan, tide, *chat, write) for chat in chats]
        self._threads = [threading.Thread(target=self._run, args=[one.run]) for one in self._everyone()]

    def _everyone(self) -> list[Consumer | Correspondent]:
        return [*self.consumers, *self.correspondents]

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._tide.fail(error)
            raise

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Until each has done its share or given up."""
        for thread in self._threads:
            thread.join()

    @property
    def handed(self) -> list[Handed]:
        """Every message of every consumer."""
        return [message for consumer in self.consumers for message in list(consumer.handed)]

    @property
    def written(self) -> list[tuple[int, str]]:
        """Every message that came in."""
        return [one for correspondent in self.correspondents for one in list(correspondent.written)]

    @property
    def wrong(self) -> list[str]:
        """Answers that no consumer should get."""
        return [problem for consumer in self.consumers for problem in consumer.wrong]

    @property
    def refused(self) -> int:
        """How many requests were refused because the database was away."""
        return sum(consumer.refused for consumer in self.consumers)
