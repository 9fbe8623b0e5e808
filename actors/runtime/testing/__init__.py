"""Tools to test actors with; shipped, so that users of the actors can test theirs.

clock      ManualClock: time moves when a test says so
probe      Probe: a ref that records its messages
unstarted  an actor as a plain object: its timers and mailbox to look at, messages and asks by hand
leaks      threads and actors that should be gone
"""

from actors.runtime.testing.clock import ManualClock, NotSettled
from actors.runtime.testing.leaks import Leak, Leaks
from actors.runtime.testing.probe import NothingReceived, Probe, ProbeRef, Received
from actors.runtime.testing.unstarted import asked, fire, own_tells, timers, unstarted

__all__ = [
    "Leak",
    "Leaks",
    "ManualClock",
    "NotSettled",
    "NothingReceived",
    "Probe",
    "ProbeRef",
    "Received",
    "asked",
    "fire",
    "own_tells",
    "timers",
    "unstarted",
]
