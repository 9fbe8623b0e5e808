"""The refusals of a client or the supervisor. Each is an answer to its asker: the actor lives on.

ClientRefusal
 ├── NotReady                  the client is in another state: wait, or POST /init
 ├── PageOutdated              WhatsApp Web has changed: update wa-js
 ├── AccountDiffers            the client is linked to another account: nothing was done
 ├── StartUnderWay             another caller started it: wait and read the status
 ├── StartFailed               the start failed: read the reason, then try again
 ├── StartOvertaken            a stop or a deletion came before the start had ended: start again if that was not meant
 ├── SendFailed                WhatsApp Web refused: nothing was delivered
 ├── SendUnknown               it may have been sent: do not repeat it blindly
 ├── OperationRefused          WhatsApp Web refused: nothing was done
 ├── NotInAccount              the account has no such chat, message or person
 ├── OperationUnanswered       the page did not answer a question: ask again
 ├── OperationUnknown          it may have been done: check before repeating it
 ├── LogOutFailed              WhatsApp Web did not confirm the logout: read the status, try again
 ├── NoSuchClient              nothing runs or is stored under that number
 ├── DeleteFailed              something of the client is left on disk: read why, delete again
 ├── PairingUnavailable        no pairing code is available in this state
 ├── CapacityExceeded          the operator's limit is reached
 ├── Starting                  the service is starting: try again in a moment
 └── ShuttingDown              the service is ending: try again after its restart
"""

from __future__ import annotations

from actors.clients.types import ClientId, LinkedAccount, Reason, State
from actors.runtime import Refusal


class ClientRefusal(Refusal):
    """A valid request that was declined."""


class NotReady(ClientRefusal):
    """The client cannot do this in its present state."""

    def __init__(self, state: State) -> None:
        super().__init__(f"WhatsApp session not ready. Current state: {state}")
        self.state = state


class PageOutdated(NotReady):
    """The client is in the right state, but its page lacks what this needs. The text names it."""

    def __init__(self, state: State, text: str) -> None:
        super().__init__(state)
        self.args = (text,)


class AccountDiffers(ClientRefusal):
    """The order is for another account than the one that the client is linked to; the page never had it."""

    def __init__(self, wanted: LinkedAccount, linked: LinkedAccount) -> None:
        super().__init__(f"This is for {wanted}, and the client is linked to {linked}")
        self.wanted, self.linked = wanted, linked


class StartUnderWay(ClientRefusal):
    """Another start of this client has not ended yet."""

    retry_after_seconds = 5

    def __init__(self, client_id: ClientId) -> None:
        super().__init__("Client initialization already in progress")
        self.client_id = client_id


class StartFailed(ClientRefusal):
    """The start ended in ERROR; the next POST /init starts afresh."""

    def __init__(self, client_id: ClientId, why: str) -> None:
        super().__init__(why)
        self.client_id = client_id


class StartOvertaken(ClientRefusal):
    """The client was ended while it started; `how`, as far as that is known."""

    def __init__(self, client_id: ClientId, how: str = "stopped or deleted") -> None:
        super().__init__(f"The client was {how} while it started: POST /init starts it again")
        self.client_id = client_id


class SendFailed(ClientRefusal):
    """WhatsApp Web refused the message; it was not delivered. `code` is WhatsApp's, if any."""

    def __init__(self, why: str, code: str | None = None) -> None:
        super().__init__(why)
        self.code = code


class SendUnknown(ClientRefusal):
    """The message may or may not have been sent; nobody knows."""

    def __init__(self, why: str, message_id: str | None = None) -> None:
        super().__init__(why)
        self.message_id = message_id


class OperationRefused(ClientRefusal):
    """WhatsApp Web refused an operation: nothing was done. `code` is its own name for the reason, if any."""

    def __init__(self, why: str, code: str | None = None) -> None:
        super().__init__(why)
        self.code = code


class NotInAccount(ClientRefusal):
    """The account has no such chat, message or person. `code` says which: `CHAT_NOT_FOUND` …"""

    def __init__(self, why: str, code: str) -> None:
        super().__init__(why)
        self.code = code


class OperationUnanswered(ClientRefusal):
    """The page did not answer a question, which changes nothing: it may be asked again."""


class OperationUnknown(ClientRefusal):
    """An operation may or may not have been done; nobody knows."""


class LogOutFailed(ClientRefusal):
    """WhatsApp Web did not confirm the logout in time; the client may or may not be logged out."""


class NoSuchClient(ClientRefusal):
    """Neither a running client nor a stored login has this number."""

    def __init__(self, client_id: ClientId) -> None:
        super().__init__(f"No client {client_id} is running and no login of it is stored")
        self.client_id = client_id


class DeleteFailed(ClientRefusal):
    """The client is gone, but its profile is not, or not all of it. Another deletion tries again.

    `logged_out` as in Deleted.
    """

    def __init__(self, client_id: ClientId, why: str, *, logged_out: bool) -> None:
        super().__init__(
            f"Client {client_id} is stopped, but its profile with the login could not be deleted: {why}. "
            "Mend that, then delete the client again"
        )
        self.client_id, self.logged_out = client_id, logged_out


class PairingUnavailable(ClientRefusal):
    """WhatsApp Web gave no pairing code."""


class CapacityExceeded(ClientRefusal):
    """One more client would pass a limit that the operator, or the host, has set."""

    def __init__(self, limit: str, value: float) -> None:
        super().__init__(f"{limit} is {value:g}: end another client or raise the limit")
        self.limit, self.value = limit, value


class Starting(ClientRefusal):
    """The service has not started yet."""

    def __init__(self) -> None:
        super().__init__("The service is starting: try again in a moment")


class ShuttingDown(ClientRefusal):
    """No new work is taken while the service ends."""

    def __init__(self) -> None:
        super().__init__("The service is shutting down: try again after its restart")


FINAL = frozenset(
    {
        Reason.CHROMIUM_FAILED,
        Reason.PROFILE_IN_USE,
        Reason.LOGIN_REFUSED,
        Reason.PROXY_LOGIN_REFUSED,
        Reason.BROWSER_UNSUPPORTED,
    }
)
"""Failures that another attempt cannot mend: never retried by the supervisor."""
