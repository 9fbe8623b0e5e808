"""What a sandbox keeps over restarts, and the port that it takes."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.__main__ import PORT, listen
from sandbox.group_chat import GroupChat
from sandbox.scene import Scene
from sandbox.state import StateDirectory, StateUnusable, plain
from sandbox.world import ChatMessage, ChatState, World

SHOP, FRIEND = "5491100000099", "5491122334455"


def full() -> World:
    """A world with something of every kind."""
    world = World()
    account, device = world.link(SHOP, "Shop", True, "modern")
    device.used, device.pending = True, {"A": {"op": "message", "id": "A"}}
    message = ChatMessage("3EB0", SHOP, FRIEND, True, SHOP, "half \ud83d", 5.0, reactions={FRIEND: "👍"})
    account.keep(message)
    account.chats[FRIEND] = ChatState(archived=True, keeps=frozenset({"3EB0"}))
    account.blocked.add("5491100000001")
    world.phone(FRIEND).keep(message)
    world.phone(FRIEND).waiting["3EB0"] = message
    world.groups["1@g.us"] = GroupChat("1@g.us", "Team", SHOP, {SHOP: "superadmin"})
    world.absent.add("5491100000002")
    world.set_picture(FRIEND, b"\xff\xd8picture")
    return world


def test_the_world_is_the_same_after_a_restart(tmp_path: Path) -> None:
    world = full()
    with StateDirectory(tmp_path) as state:
        assert plain(state.load()) == plain(World())
        state.save(world, 4711)
    with StateDirectory(tmp_path) as state:
        again = state.load()
        assert plain(again) == plain(world)
        assert again == world, "types too: sets, queues, bytes"
        assert state.port == 4711
        (message,) = again.phones[FRIEND].received
        assert message is again.accounts[SHOP].messages["3EB0"], "an edit reaches the phone"
        assert again.phones[FRIEND].received.maxlen == world.phones[FRIEND].received.maxlen
        again.media.clear()
        state.save(again, 4711)
    assert list((tmp_path / "media").iterdir()) == [], "files that nobody has any more are deleted"


class Counted(StateDirectory):
    """Says when it has written."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.written = asyncio.Semaphore(0)

    def save(self, world: World, port: int) -> None:
        super().save(world, port)
        self.written.release()


def test_a_change_is_written_soon_and_what_a_later_version_adds_is_left_out(tmp_path: Path) -> None:
    async def story(state: Counted) -> None:
        scene, written = Scene(), state.written
        keeping = asyncio.create_task(state.keep(scene, 4711))
        await asyncio.wait_for(written.acquire(), 20)
        scene.world.phone(FRIEND)
        scene.changes.tell()
        await asyncio.wait_for(written.acquire(), 20)
        keeping.cancel()
        await asyncio.wait([keeping])

    with Counted(tmp_path) as state:
        asyncio.run(story(state))
        said = json.loads((tmp_path / "state.json").read_text())
        said["world"]["phones"][FRIEND] |= {"colour": "blue"}
        del said["world"]["aliases"]
        (tmp_path / "state.json").write_text(json.dumps(said))
        assert FRIEND in state.load().phones


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": 1, "world": {"phones": 5}}', '{"world": {}}'])
def test_a_state_that_cannot_be_read_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    with StateDirectory(tmp_path) as state, pytest.raises(StateUnusable, match="delete it to begin anew"):
        state.load()


def test_a_directory_has_one_sandbox(tmp_path: Path) -> None:
    with StateDirectory(tmp_path), pytest.raises(StateUnusable, match="used by another sandbox"):
        StateDirectory(tmp_path).__enter__()
    (tmp_path / "file").touch()
    with pytest.raises(StateUnusable, match="name another"):
        StateDirectory(tmp_path / "file").__enter__()


def test_the_port_is_the_last_one_or_a_free_one(tmp_path: Path) -> None:
    with StateDirectory(tmp_path) as state, socket.create_server(("127.0.0.1", 0)) as other:
        state.port = other.getsockname()[1]
        with closing(listen("127.0.0.1", None, state)) as listening:
            assert listening.getsockname()[1] != state.port, "it is taken"
            free = listening.getsockname()[1]
        state.port = free
        with closing(listen("127.0.0.1", None, state)) as listening:
            assert listening.getsockname()[1] == free
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", other.getsockname()[1], state)
    assert PORT == 3900
