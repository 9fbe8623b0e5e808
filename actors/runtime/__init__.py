"""A Pykka actor type with timers, death watch, awaitable replies and supervision.

    actor        Actor: started, receive, closed; Terminated to the watcher
    mailbox      the inbox, and the keyed timers in it; Work (bounded), Reminder (to oneself), Refusal, MailboxFull
    reply        Reply (the future of an ask), ReplyTo (answer later), ask and stop for event loops
    suspension   the await of a task on an actor's answer
    clock        Clock, SystemClock
    restarts     Budget and Backoff: pure arithmetic
    supervision  Supervising: one for one
    futures      how threads fulfil futures, and loops wait for them
    testing      ManualClock, Probe, unstarted actors, leaks: for tests, not imported here

Knows Pykka; knows nothing of WhatsApp.
"""

from actors.runtime.actor import Actor, Terminated, Watcher, actor_behind, mailbox_of, wait_ended
from actors.runtime.clock import SYSTEM_CLOCK, Clock, SystemClock
from actors.runtime.mailbox import Mailbox, MailboxFull, Refusal, Reminder, Work
from actors.runtime.reply import AlreadyAnswered, Reply, ReplyTo, ask, stop
from actors.runtime.restarts import Backoff, Budget, BudgetExhausted
from actors.runtime.supervision import ChildExists, ChildFactory, ChildNotStarted, Supervising

__all__ = [
    "SYSTEM_CLOCK",
    "Actor",
    "AlreadyAnswered",
    "Backoff",
    "Budget",
    "BudgetExhausted",
    "ChildExists",
    "ChildFactory",
    "ChildNotStarted",
    "Clock",
    "Mailbox",
    "MailboxFull",
    "Refusal",
    "Reminder",
    "Reply",
    "ReplyTo",
    "Supervising",
    "SystemClock",
    "Terminated",
    "Watcher",
    "Work",
    "actor_behind",
    "ask",
    "mailbox_of",
    "stop",
    "wait_ended",
]
