"""Groups: what pages and phones do with them, by one table; and what everybody in them is told.

An act is refused with a code of WhatsApp's server: 401 not an admin, 403 not a member, 404 nobody there, 405 not
allowed, 406 no such link. Of each person who is added there is a code as well: 200, 403 (with an invite code: that
person is added by nobody, and may be invited), 404, 408 (left before), 409 (a member already).
"""

from __future__ import annotations

import base64
import time
from typing import Any

from sandbox.acts import ActRefused, Answer, ServerAct
from sandbox.group_chat import ADMIN, MEMBER, OWNER, GroupChat, new_group_id, new_invite
from sandbox.messages import MessageRelay
from sandbox.scene import Scene
from sandbox.world import SandboxError, lid_of

INVITED_FOR = 3 * 86_400
"""Seconds that the invite code in a 403 is good for."""
LARGEST = 1024
PROPERTIES = {
    "announcement": "announce",
    "restrict": "restrict",
    "ephemeral": "ephemeral",
    "membership_approval_mode": "approval",
    "member_add_mode": "everybody_adds",
}
"""WhatsApp's names of settings -> ours. The setting's name is also the subtype of its notice."""


class Groups:
    """Acts of members, each a function of (who, the request's JSON object)."""

    def __init__(self, scene: Scene, post: MessageRelay) -> None:
        self._scene, self._post = scene, post
        self.acts: dict[str, ServerAct] = {
            "group.info": self._info,
            "group.all": self._all,
            "group.create": self._create,
            "group.add": self._add,
            "group.remove": self._remove,
            "group.promote": lambda who, said: self._rank(who, said, ADMIN, "promote"),
            "group.demote": lambda who, said: self._rank(who, said, MEMBER, "demote"),
            "group.leave": self._leave,
            "group.subject": self._subject,
            "group.description": self._description,
            "group.property": self._property,
            "group.picture": self._picture,
            "group.invite": self._invite,
            "group.revoke": self._revoke,
            "group.invited": self._invited,
            "group.join": self._join,
            "group.requests": self._requests,
            "group.answer": self._answer,
        }

    # --- looking

    def of(self, group_id: str) -> GroupChat:
        """Return the group; raises SandboxError 404 if there is none."""
        group = self._scene.world.groups.get(group_id)
        if group is None:
            raise SandboxError(404, "NO_GROUP", f"there is no group {group_id}")
        return group

    def _joined(self, who: str, said: dict[str, Any]) -> GroupChat:
        group = self._scene.world.groups.get(str(said["group"]))
        if group is None:
            raise ActRefused(404, "there is no such group")
        if who not in group.roles:
            raise ActRefused(403, "not a member of the group")
        return group

    def _led(self, who: str, said: dict[str, Any]) -> GroupChat:
        group = self._joined(who, said)
        if not group.has_admin(who):
            raise ActRefused(401, "not an admin of the group")
        return group

    def _info(self, who: str, said: dict[str, Any]) -> Answer:
        return {"group": self.for_pages(self._joined(who, said))}

    def _all(self, who: str, _said: dict[str, Any]) -> Answer:
        return {"groups": [self.for_pages(one) for one in self._scene.world.groups.values() if who in one.roles]}

    def for_pages(self, group: GroupChat) -> dict[str, Any]:
        """Return the group in the form for pages: people with both of their addresses."""
        members = [_person(number) | {"role": role} for number, role in group.roles.items()]
        told = group.told() | {"owner": _person(group.owner), "members": members, "name": group.subject}
        del told["invite"], told["participants"], told["roles"], told["asking"]
        return told | {"chat": group.id, "lid": lid_of(group.id), "description_id": group.description_id}

    # --- members

    def _create(self, who: str, said: dict[str, Any]) -> Answer:
        group = GroupChat(
            id=str(said.get("id") or new_group_id()),
            subject=str(said["subject"]),
            owner=who,
            roles={who: OWNER},
            announce=bool(said.get("announce", False)),
            restrict=bool(said.get("restrict", False)),
            ephemeral=int(said.get("ephemeral", 0)),
            approval=bool(said.get("approval", False)),
            everybody_adds=bool(said.get("everybody_adds", True)),
        )
        results = [self._taken_in(group, str(address)) for address in said.get("participants", [])]
        self._scene.world.groups[group.id] = group
        self._tell(group, "create", who, [one for one in group.roles if one != who], body=group.subject)
        return {"group": self.for_pages(group), "results": results}

    def _taken_in(self, group: GroupChat, address: str) -> Answer:
        number = self._scene.world.exists(address)
        if number is None or number.endswith("@g.us"):
            return {"chat": address, "lid": None, "code": 404}
        if number in group.roles:
            return _person(number) | {"code": 409}
        if not self._scene.world.phone(number).addable or len(group.roles) >= LARGEST:
            until = int(time.time()) + INVITED_FOR
            return _person(number) | {"code": 403, "invite_code": new_invite(), "invite_until": until}
        group.roles[number] = MEMBER
        group.asking.pop(number, None)
        return _person(number) | {"code": 200}

    def _add(self, who: str, said: dict[str, Any]) -> Answer:
        group = self._joined(who, said)
        if not group.lets_add(who):
            raise ActRefused(401, "only admins add members")
        results = [self._taken_in(group, str(address)) for address in said["participants"]]
        if added := [one["chat"] for one in results if one["code"] == 200]:
            self._tell(group, "add", who, added)
        return {"results": results}

    def _members(self, group: GroupChat, said: dict[str, Any]) -> list[str]:
        numbers = [self._scene.world.exists(str(address)) for address in said["participants"]]
        if strangers := [number for number in numbers if number not in group.roles]:
            raise ActRefused(404, f"not in the group: {strangers}")
        return [number for number in numbers if number is not None]

    def _remove(self, who: str, said: dict[str, Any]) -> Answer:
        group = self._led(who, said)
        numbers = self._members(group, said)
        if group.owner in numbers:
            raise ActRefused(405, "the owner of a group cannot be removed")
        for number in numbers:
            del group.roles[number]
        self._tell(group, "remove", who, numbers)
        return {"results": [_person(number) | {"code": 200} for number in numbers]}

    def _rank(self, who: str, said: dict[str, Any], role: str, action: str) -> Answer:
        group = self._led(who, said)
        numbers = self._members(group, said)
        if group.owner in numbers:
            raise ActRefused(405, "the owner's role cannot be changed")
        group.roles |= dict.fromkeys(numbers, role)
        self._tell(group, action, who, numbers)
        return {"results": [_person(number) | {"code": 200} for number in numbers]}

    def _leave(self, who: str, said: dict[str, Any]) -> Answer:
        group = self._joined(who, said)
        del group.roles[who]
        self._tell(group, "leave", who, [who])
        return {}

    # --- texts and rules

    def _changed(self, who: str, said: dict[str, Any]) -> GroupChat:
        group = self._joined(who, said)
        if not group.lets_change(who):
            raise ActRefused(401, "only admins change the group")
        return group

    def _subject(self, who: str, said: dict[str, Any]) -> Answer:
        group = self._changed(who, said)
        group.subject = str(said["subject"])
        self._tell(group, "subject", who, body=group.subject)
        return {}

    def _description(self, who: str, said: dict[str, Any]) -> Answer:
        group = self._changed(who, said)
        group.description, group.description_id = str(said["description"]), str(said.get("id"))
        self._tell(group, "description", who, body=group.description)
        return {}

    def _property(self, who: str, said: dict[str, Any]) -> Answer:
        group, name = self._led(who, said), str(said["name"])
        if name not in PROPERTIES:
            raise ActRefused(400, f"no setting {name}")
        kind = type(getattr(group, PROPERTIES[name]))
        setattr(group, PROPERTIES[name], kind(said["value"]))
        self._tell(group, "announce" if name == "announcement" else name, who)
        return {}

    def _picture(self, who: str, said: dict[str, Any]) -> Answer:
        group = self._changed(who, said)
        media = self._scene.world.set_picture(group.id, _bytes(said.get("data")))
        self._tell(group, "picture", who)
        return {"media": media}

    # --- links

    def _invite(self, who: str, said: dict[str, Any]) -> Answer:
        return {"code": self._led(who, said).invite}

    def _revoke(self, who: str, said: dict[str, Any]) -> Answer:
        group = self._led(who, said)
        group.invite = new_invite()
        return {"code": group.invite}

    def _linked(self, said: dict[str, Any]) -> GroupChat:
        for group in self._scene.world.groups.values():
            if group.invite == said["code"]:
                return group
        raise ActRefused(406, "there is no such link")

    def _invited(self, _who: str, said: dict[str, Any]) -> Answer:
        return {"group": self.for_pages(self._linked(said))}

    def _join(self, who: str, said: dict[str, Any]) -> Answer:
        group = self._linked(said)
        if who in group.roles:
            raise ActRefused(409, "a member already")
        if group.approval:
            group.asking[who] = time.time()
            self._scene.changes.tell()
            return {"group": self.for_pages(group), "pending": True}
        group.roles[who] = MEMBER
        self._tell(group, "invite", who, [who], reason="invite")
        return {"group": self.for_pages(group), "pending": False}

    def _requests(self, who: str, said: dict[str, Any]) -> Answer:
        group = self._joined(who, said)
        asking = group.asking.items() if group.has_admin(who) else ()
        return {"requests": [_person(number) | {"t": int(since)} for number, since in asking]}

    def _answer(self, who: str, said: dict[str, Any]) -> Answer:
        group, results, let_in = self._led(who, said), [], []
        for address in said["participants"]:
            number = self._scene.world.exists(str(address))
            if number is None or group.asking.pop(number, None) is None:
                results.append({"chat": str(address), "lid": None, "code": 404})
                continue
            results.append(_person(number) | {"code": 200})
            if said.get("approve"):
                group.roles[number] = MEMBER
                let_in.append(number)
        if let_in:
            self._tell(group, "add", who, let_in)
        return {"results": results}

    # --- telling

    def _tell(
        self,
        group: GroupChat,
        action: str,
        by: str,
        people: list[str] | None = None,
        *,
        body: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Write WhatsApp's notice into the group, for every account in it, and for whoever was taken out."""
        notice: dict[str, Any] = {"type": "gp2", "subtype": action, "chat": group.id, "author": by}
        notice |= {"people": people or [], "group": self.for_pages(group), "reason": reason}
        if body is not None:
            notice["body"] = body
        for number in {*group.roles, *(people or []), by}:
            account = self._scene.world.accounts.get(number)
            if account is not None:
                self._post.notice(account, notice | {"from_me": by == number})
        self._scene.changes.tell()


def _person(number: str) -> dict[str, Any]:
    return {"chat": number, "lid": lid_of(number)}


def _bytes(data: Any) -> bytes | None:
    return None if data is None else base64.b64decode(str(data), validate=True)
