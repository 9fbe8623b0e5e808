"""How much of everything, drawn from one seed, and the tide that spreads the faults evenly over the messages."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass

CHATS = 5
"""People each client writes to, and who write to it."""
SQUALLS = 0.3
"""Share of the faults that strike at once after the one before, whatever state that one has left."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`messages` go out and as many come in, while at least `kills` faults strike."""

    messages: int = 2000
    kills: int = 100
    seed: int = 1
    clients: int = 2
    at_once: int = 1
    """Up to so many faults strike side by side: one of the service or its database server, the others of clients."""
    patience: float = 90.0
    """Seconds within which a client must be READY again after a fault, and all must be settled after the last."""

    def chance(self, *of: object) -> random.Random:
        """A stream of chance of one's own: who else draws how much changes nothing for it."""
        return random.Random(f"{self.seed} {of}")

    def moments(self) -> list[int]:
        """For each fault, after how many messages it strikes: one in each n-th of them, but for squalls."""
        chance, found = self.chance("moments"), list[int]()
        for number in range(self.kills):
            moment = int((number + chance.random()) / self.kills * self.messages)
            found.append(found[-1] if found and chance.random() < SQUALLS else moment)
        return found

    @property
    def chats(self) -> int:
        """Of all clients."""
        return self.clients * CHATS

    def share(self, client_id: int, chat: int) -> int:
        """How many of the messages belong to one chat of one client."""
        number, parts = (client_id - 1) * CHATS + chat, self.chats
        return self.messages // parts + (number < self.messages % parts)


def friend(client_id: int, chat: int) -> str:
    """The phone number of one person a client has to do with."""
    return f"54922{client_id:04d}{chat:04d}"


class Tide:
    """Ties messages and faults together: a fault waits for its moment, and messages do not run ahead of the faults.

    Both are counted in messages that consumers are done with, so that the faults strike throughout, however fast the
    machine is and however long it takes to recover.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self._moments = plan, plan.moments()
        self.accepted = self._struck = 0
        self._level = self._up_to()
        self._changed = threading.Condition()
        self._failed: BaseException | None = None

    # --- for whoever hands messages in -------------------------------------------------------------------------------

    def wait(self, share: float) -> bool:
        """Until so much of everything may go; False: the campaign has failed."""
        with self._changed:
            self._changed.wait_for(lambda: self.may(share) or self.failed)
            return not self.failed

    def may(self, share: float) -> bool:
        """Whether so much of everything may go by now."""
        return share <= self._level

    def done(self) -> None:
        """A consumer is done with one message more: it was accepted, or given up."""
        with self._changed:
            self.accepted += 1
            self._changed.notify_all()

    def _up_to(self) -> float:
        """Up to the next moment, and a little more: traffic flows while the faults of the present one strike."""
        here = self._moments[self._struck : self._struck + 1]
        later = [moment for moment in self._moments[self._struck :] if [moment] > here]
        return (later[0] + self._plan.chats) / self._plan.messages if later else 1.0

    # --- for whoever strikes -----------------------------------------------------------------------------------------

    def due(self) -> int:
        """Wait for the moment of the next fault. Answers how many messages are done with.

        Raises AssertionError where the campaign has failed, or nothing goes on for as long as the plan's patience.
        """
        with self._changed:
            while not self.failed and self.accepted < self._moments[self._struck]:
                assert self._changed.wait(self._plan.patience), f"no message was accepted after the {self.accepted}th"
            self.held()
            return self.accepted

    def squall(self) -> bool:
        """Whether the fault after the present one is due at once, into the recovery from this one."""
        return self._moments[self._struck + 1 : self._struck + 2] == [self._moments[self._struck]]

    def rise(self) -> None:
        """One fault more has struck; after the last one everything may go."""
        with self._changed:
            self._struck += 1
            self._level = self._up_to()
            self._changed.notify_all()

    def fail(self, because: BaseException) -> None:
        """Nothing more may go."""
        with self._changed:
            self._failed = self._failed or because
            self._changed.notify_all()

    @property
    def failed(self) -> bool:
        """Whether something has ended the campaign."""
        return self._failed is not None

    def held(self) -> None:
        """Raises AssertionError where the campaign has failed: a consumer's thread raises where nobody hears it."""
        if self._failed is not None:
            raise AssertionError("the campaign has failed") from self._failed
