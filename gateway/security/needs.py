"""The needs of calls: scope, clients and rate class, as the rows of the tables name them."""

from __future__ import annotations

from gateway.security.auth import Need, RateClass, Scope, Whose

READ = Need(Scope.READ, Whose.CLIENT)
SEND = Need(Scope.SEND, Whose.CLIENT, RateClass.SEND)
MARK = Need(Scope.SEND, Whose.CLIENT)
"""What a sender does with messages that are there already, and besides: it is not counted as a message."""
CONTROL = Need(Scope.CONTROL, Whose.CLIENT)
START = Need(Scope.CONTROL, Whose.CLIENT, RateClass.START)
READ_ITS_OWN = Need(Scope.READ, Whose.SEEN)
CONTROL_ITS_OWN = Need(Scope.CONTROL, Whose.SEEN)
ADMIN_ITS_OWN = Need(Scope.ADMIN, Whose.SEEN)
READ_ALL = Need(Scope.READ, Whose.ALL)
ADMIN_ALL = Need(Scope.ADMIN, Whose.ALL)


def in_path(scope: Scope, parameter: str) -> Need:
    """Return the need of a call about the client that the path names."""
    return Need(scope, Whose.PATH, parameter=parameter)
