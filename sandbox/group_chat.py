"""A group: its members and their roles, its texts and its rules. Plain data."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

MEMBER, ADMIN, OWNER = "member", "admin", "superadmin"
_LINK_BYTES = 16


def new_group_id() -> str:
    """Return a group's id as WhatsApp makes them: eighteen digits."""
    return f"120363{secrets.randbelow(10**12):012}@g.us"


def new_invite() -> str:
    """Return the code at the end of an invite link: 22 characters."""
    return secrets.token_urlsafe(_LINK_BYTES)


@dataclass(slots=True)
class GroupChat:
    """One group. `roles` has the members: number -> role. `asking` has who wants to join: number -> since."""

    id: str
    subject: str
    owner: str
    roles: dict[str, str]
    creation: float = field(default_factory=time.time)
    description: str = ""
    description_id: str | None = None
    announce: bool = False  # only admins may send
    restrict: bool = False  # only admins may change subject, description and picture
    ephemeral: int = 0
    approval: bool = False  # an admin must let in who has the link
    everybody_adds: bool = True
    invite: str = field(default_factory=new_invite)
    asking: dict[str, float] = field(default_factory=dict)

    @property
    def participants(self) -> list[str]:
        """The members' numbers."""
        return list(self.roles)

    def has_admin(self, number: str) -> bool:
        """Return True if the number is an admin's."""
        return self.roles.get(number) in (ADMIN, OWNER)

    def lets_send(self, number: str) -> bool:
        """Return True if the number may write into the group."""
        return number in self.roles and (not self.announce or self.has_admin(number))

    def lets_change(self, number: str) -> bool:
        """Return True if the number may change subject, description and picture."""
        return number in self.roles and (not self.restrict or self.has_admin(number))

    def lets_add(self, number: str) -> bool:
        """Return True if the number may add members."""
        return number in self.roles and (self.everybody_adds or self.has_admin(number))

    def told(self) -> dict[str, Any]:
        """Return the group in the form for control clients."""
        names = ("id", "subject", "owner", "creation", "description", "announce", "restrict", "ephemeral", "approval")
        said: dict[str, Any] = {name: getattr(self, name) for name in names}
        lists = {"participants": self.participants, "roles": dict(self.roles), "asking": list(self.asking)}
        return said | lists | {"everybody_adds": self.everybody_adds, "invite": self.invite}
