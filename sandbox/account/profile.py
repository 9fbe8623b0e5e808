"""The profile of an account: its name, about text and picture; its labels and its calls."""

from __future__ import annotations

import base64
from typing import Any

from sandbox.acts import ActRefused, Answer, ServerAct
from sandbox.scene import Scene
from sandbox.world import STATUS, Account

COLORS = 20
NAME_LENGTH = 25


class ProfileActs:
    """Acts of an account on what is its own."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.acts: dict[str, ServerAct] = {
            "profile.name": self._name,
            "profile.about": self._about,
            "profile.picture": self._picture,
            "picture": self._picture_of,
            "about": self._about_of,
            "labels": lambda who, _said: {"labels": self._of(who).labels},
            "label.edit": self._label,
            "label.delete": self._forget_label,
            "label.assign": self._assign,
            "call.reject": self._reject,
            "status.delete": self._delete_status,
        }

    def _of(self, who: str) -> Account:
        return self._scene.world.account(who)

    def _changed(self) -> Answer:
        self._scene.changes.tell()
        return {}

    # --- the profile

    def _name(self, who: str, said: dict[str, Any]) -> Answer:
        name = str(said["name"])
        if not 0 < len(name) <= NAME_LENGTH:
            raise ActRefused(406, f"a name has 1 to {NAME_LENGTH} characters")
        self._of(who).name = self._scene.world.phone(who).name = name
        return self._changed()

    def _about(self, who: str, said: dict[str, Any]) -> Answer:
        self._scene.world.phone(who).about = str(said["text"])
        return self._changed()

    def _picture(self, who: str, said: dict[str, Any]) -> Answer:
        data = said.get("data")
        media = self._scene.world.set_picture(who, None if data is None else base64.b64decode(str(data)))
        return self._changed() | {"media": media}

    def _picture_of(self, _who: str, said: dict[str, Any]) -> Answer:
        whose = self._scene.world.exists(str(said["address"]))
        return {"media": self._scene.world.pictures.get(whose or "")}

    def _about_of(self, _who: str, said: dict[str, Any]) -> Answer:
        whose = self._scene.world.exists(str(said["address"]))
        known = whose is not None and not whose.endswith("@g.us")
        return {"text": self._scene.world.phone(str(whose)).about if known else None}

    # --- labels, which business accounts have

    def _label(self, who: str, said: dict[str, Any]) -> Answer:
        labels, id_ = self._of(who).labels, str(said["id"])
        chats = labels.get(id_, {}).get("chats", [])
        labels[id_] = {"id": id_, "name": str(said["name"]), "color": int(said["color"]) % COLORS, "chats": chats}
        return self._changed()

    def _forget_label(self, who: str, said: dict[str, Any]) -> Answer:
        self._of(who).labels.pop(str(said["id"]), None)
        return self._changed()

    def _assign(self, who: str, said: dict[str, Any]) -> Answer:
        labels = self._of(who).labels
        chats = [self._scene.world.exists(str(address)) for address in said["chats"]]
        for change in said["labels"]:
            if (label := labels.get(str(change["id"]))) is None:
                raise ActRefused(404, f"there is no label {change['id']}")
            left = [one for one in label["chats"] if one not in chats]
            label["chats"] = [*left, *chats] if change["type"] == "add" else left
        return self._changed()

    def set_labels(self, account: Account, said: dict[str, Any]) -> None:
        """Make the account a business's, or a person's again, with these labels; its open pages are told."""
        account.business = bool(said.get("business", account.business))
        for label in said.get("labels", []):
            self._label(account.number, label)
        for page in self._scene.pages_of(account):
            page.say({"op": "labels", "business": account.business, "labels": account.labels})

    # --- statuses and calls

    def _delete_status(self, who: str, said: dict[str, Any]) -> Answer:
        message = self._of(who).messages.get(str(said["id"]))
        if message is None or message.chat != STATUS:
            raise ActRefused(404, "there is no such status")
        message.text, message.revoked = "", True
        return self._changed()

    def _reject(self, who: str, said: dict[str, Any]) -> Answer:
        calls, id_ = self._of(who).calls, str(said["id"])
        if calls.get(id_) != "ringing":
            raise ActRefused(404, f"no call {id_} rings")
        calls[id_] = "rejected"
        return self._changed()
