"""The state in a sandbox's directory, so that a restart needs no new scan: the world, and the port it had.

    directory/state.json    accounts with their links and messages, phones, groups; the port
    directory/media/<id>    the files
    directory/lock          held (flock) by the sandbox that uses the directory

It is written soon after a change and at the end, whole or not at all. Settings and open pages are not kept.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Self, get_args, get_origin, get_type_hints

from sandbox.scene import Scene
from sandbox.world import KEPT, ChatMessage, World

PAUSE = 0.5
"""The seconds between a change and its writing; more changes meanwhile are written with it."""
SHARE = 10
"""So many times as long as a writing takes is the least pause: a big world does not keep the sandbox busy."""


class StateUnusable(Exception):
    """The directory cannot be used; the text is one sentence, with what to do."""


class StateDirectory:
    """A directory held by this process, and what is kept there. A context manager. Raises StateUnusable."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._file, self._media = directory, directory / "state.json", directory / "media"
        self._held = ExitStack()
        self.port: int | None = None
        """The port of the last time."""

    def __enter__(self) -> Self:
        try:
            self._media.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = self._held.enter_context((self._directory / "lock").open("a"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._held.close()
            raise StateUnusable(f"{self._directory} is used by another sandbox: end it, or name another") from None
        except OSError as error:
            self._held.close()
            raise StateUnusable(f"{self._directory} cannot be used ({error.strerror}): name another") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def load(self) -> World:
        """Return the world of the last time; an empty one if there was none."""
        try:
            said = json.loads(self._file.read_text("ascii"))
            world: World = restored(World, said["world"])
            self.port = int(said["port"])
            for id_, media in world.media.items():
                media.data = (self._media / id_).read_bytes()
                media.digest = hashlib.sha256(media.data).digest()
        except FileNotFoundError as error:
            if error.filename == str(self._file):
                return World()
            raise StateUnusable(f"{error.filename} is gone: delete {self._file} to begin anew") from error
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise StateUnusable(f"{self._file} cannot be read ({error}): delete it to begin anew") from error
        _share(world)
        return world

    def save(self, world: World, port: int) -> None:
        """Write the world. Raises OSError: then what was written before is still there."""
        for media in world.media.values():
            if not (self._media / media.id).exists():
                (self._media / media.id).write_bytes(media.data)
        held = replace(world, media={id_: replace(one, data=b"", digest=b"") for id_, one in world.media.items()})
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps({"port": port, "world": plain(held)}), "ascii")
        new.chmod(0o600)
        new.replace(self._file)
        for path in self._media.iterdir():
            if path.name not in world.media:
                path.unlink()

    def try_to_save(self, world: World, port: int) -> None:
        """Write the world, or say why it cannot be."""
        try:
            self.save(world, port)
        except OSError as error:
            print(f"sandbox: {self._file} cannot be written ({error.strerror})", file=sys.stderr, flush=True)

    async def keep(self, scene: Scene, port: int) -> None:
        """Write the world soon after each change, until cancelled. What cannot be written is said, and tried again."""
        while True:
            seen, began = scene.changes.count, time.monotonic()
            self.try_to_save(scene.world, port)
            await asyncio.sleep(max(PAUSE, (time.monotonic() - began) * SHARE))
            while scene.changes.count == seen:
                await scene.changes.after(seen, 3600)


def plain(value: Any) -> Any:
    """Return a value as JSON has it; files are kept apart, so there are no bytes."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        return [plain(item) for item in value]
    return "" if isinstance(value, bytes) else value


def restored(kind: Any, value: Any) -> Any:
    """Return what `plain` was given: a value of this type. What a version does not know is left out, or its default."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: restored(hints[name], item) for name, item in value.items() if name in hints})
    shape, parts = get_origin(kind), get_args(kind)
    if shape is dict:
        return {key: restored(parts[1], item) for key, item in value.items()}
    if shape is deque:
        return deque((restored(parts[0], item) for item in value), maxlen=KEPT)
    if shape in (list, set, frozenset):
        return shape(restored(parts[0], item) for item in value)
    return value.encode() if kind is bytes else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _share(world: World) -> None:
    """Let phones hold the very messages of the accounts that sent them: what changes one changes the other."""

    def own(message: ChatMessage) -> ChatMessage:
        account = world.accounts.get(message.account)
        return message if account is None else account.messages.get(message.id, message)

    for phone in world.phones.values():
        phone.received = deque(map(own, phone.received), maxlen=KEPT)
        phone.waiting = {id_: own(message) for id_, message in phone.waiting.items()}
