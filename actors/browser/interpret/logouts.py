"""What a logout was: by the reason that the page gives for it, or by its address afterwards. Pure."""

from __future__ import annotations

from urllib.parse import parse_qs

from actors.clients.protocol import LoggedOut
from actors.clients.types import Reason

REMOVED = LoggedOut(
    Reason.LOGGED_OUT_BY_PHONE,
    "The device was removed on the phone, or WhatsApp has closed the account: the page shows both alike",
)
_BY_US = LoggedOut(Reason.LOGGED_OUT_BY_API, "Logged out on request")
_LOCKED = LoggedOut(Reason.ACCOUNT_LOCKED, "WhatsApp has locked the account")
_OUTDATED = LoggedOut(Reason.VERSION_OUTDATED, "WhatsApp no longer accepts this version of WhatsApp Web")

LOGOUTS: dict[str, LoggedOut] = {
    "user_initiated": _BY_US,
    "account_locked": _LOCKED,
    "client_version_outdated": _OUTDATED,
    # The phone, or its owner, has ended the link: nothing is wrong with the storage here.
    "unknown_companion": REMOVED,
    "md_opt_out": REMOVED,
    "invalid_adv_status": REMOVED,
    "primary_identity_key_change": REMOVED,
    "lid_migration_unmigrated_primary": LoggedOut(
        Reason.PRIMARY_NOT_MIGRATED,
        "WhatsApp Web links only phones whose chats have moved to LIDs: update WhatsApp on the phone, then scan again",
    ),
}
"""Reasons that are no failure of storage or synchronisation; all others are."""
LOGOUT_CODES: dict[str, LoggedOut] = {"3": _LOCKED}
"""The same by the number in the address after the logout; 0, 1 and 2 are failures."""


def logged_out(reason: str | None) -> LoggedOut:
    """What a logout for this reason is; none is given where the phone removed the device, or the account is closed."""
    if reason is None:
        return REMOVED
    return LOGOUTS.get(reason) or LoggedOut(Reason.STORAGE_FAILED, f"WhatsApp Web gave its login up: {reason}")


def logged_out_by_address(search: str) -> LoggedOut | None:
    """What the address of the page says of a logout before it; None where it says nothing of one."""
    query = parse_qs(search.removeprefix("?"))
    if "post_logout" not in query:
        return None
    code = query.get("logout_reason", [None])[0]
    if code is None:
        return REMOVED
    return LOGOUT_CODES.get(code) or LoggedOut(
        Reason.STORAGE_FAILED, f"WhatsApp Web gave its login up (code {code[:8]})"
    )
