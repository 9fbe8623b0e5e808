"""The server, asked by a small client in the test's own process: every branch of pairing, logins and the post."""

from __future__ import annotations

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from sandbox.protocol.app_state import MutationKeys
from sandbox.protocol.dictionary import Dictionary
from sandbox.protocol.nodes import Node
from sandbox.protocol.noise import StreamBroken
from sandbox.protocol.schemas import SYNC_ACTION, SYNC_PATCH
from sandbox.protocol.server import ProtocolServer
from sandbox.world import SandboxError
from tests.sandbox.protocol.device import CompanionConnection, CompanionDevice

ME, PERSON = "5491100000001", "5491122334455"


@pytest.fixture
def server() -> ProtocolServer:
    return ProtocolServer(Dictionary(["", "iq", "message"]))


@pytest.fixture
def device(server: ProtocolServer) -> CompanionDevice:
    """Linked, logged in, and told what its phone tells it."""
    device = CompanionDevice(server)
    link(server, device)
    device.log_in(ME)
    device.publish()
    for _ in range(2):
        device.read(device.connection.receive("message"), ME)
    device.connection.rest()
    return device


def link(server: ProtocolServer, device: CompanionDevice) -> Node:
    server.scan(device.register(), ME, "Shop")
    success = device.accept()
    assert device.connection.receive().get("code") == "515"
    assert device.connection.ended
    server.streams.remove(device.connection.stream)
    return success


def test_pairing_names_the_device_and_proves_that_the_code_was_seen(server: ProtocolServer) -> None:
    success = link(server, CompanionDevice(server))
    named = next(success.find("device"))
    assert named.attributes == {"jid": f"{ME}:1@s.whatsapp.net", "lid": f"{server.people[ME].lid}:1@lid"}


def test_a_code_is_over_when_the_page_shows_the_next_one() -> None:
    clock = [100.0]
    server = ProtocolServer(Dictionary(["", "iq", "message"]), clock=lambda: clock[-1])
    device = CompanionDevice(server)
    codes = [device.register()]
    refs = device.connection.stream.refs
    codes.append(codes[0].replace(refs[0], refs[1]))
    for code, over in zip(codes, (166.0, 186.0), strict=True):
        clock.append(over)
        with pytest.raises(SandboxError, match="this code is over"):
            server.scan(code, ME, "Shop")
    clock.append(184.0)
    server.scan(codes[1], ME, "Shop")
    assert device.accept().child("pair-success") is not None


def test_a_first_login_is_told_the_key_of_the_app_state_and_a_history(server: ProtocolServer) -> None:
    device = CompanionDevice(server)
    link(server, device)
    assert device.log_in(ME).tag == "success"
    assert device.ask("encrypt", Node("count")).children[0].attributes == {"value": "0"}
    device.publish()
    assert [device.connection.receive("ib").children[0].get("count") for _ in range(2)] == ["0", "0"]
    told = [device.read(device.connection.receive("message"), ME)["protocol_message"] for _ in range(2)]
    assert [one["type"] for one in told] == [6, 5]
    assert told[0]["sync_keys"]["keys"][0]["key_data"]["key"] == server.people[ME].sync_key
    device.log_in(ME)
    device.publish()
    assert [node.tag for node in device.connection.rest()] == ["ib", "ib"], "nothing is told twice"


def test_a_device_is_told_nothing_before_it_has_published_a_key(server: ProtocolServer) -> None:
    device = CompanionDevice(server)
    link(server, device)
    device.log_in(ME)
    device.ask("passive", Node("active"))
    assert [node.tag for node in device.connection.rest()] == ["ib", "ib"]
    device.upload_key()
    assert [node.get("category") for node in device.connection.rest() if node.tag == "message"] == ["peer", "peer"]


QUESTIONS_OF_A_PAGE = {
    "w:m": (Node("media_conn"), "media_conn", "host"),
    "abt": (Node("props", {"protocol": "1"}), "props", None),
    "privacy": (Node("privacy"), "privacy", "category"),
    "blocklist": (Node("item"), "list", None),
    "passive": (Node("active"), "active", None),
    "w:g2": (Node("participating"), "groups", None),
    "disappearing_mode": (Node("disappearing_mode"), "disappearing_mode", None),
}
"""Namespace -> what a page asks, and what must be in the answer: Baileys asks some of it, WhatsApp's page all."""


@pytest.mark.parametrize("namespace", QUESTIONS_OF_A_PAGE)
def test_what_a_page_asks_after_its_login_is_answered(device: CompanionDevice, namespace: str) -> None:
    question, there, within = QUESTIONS_OF_A_PAGE[namespace]
    answer = device.ask(namespace, question).child(there)
    assert answer is not None
    assert within is None or answer.child(within) is not None


def test_an_identity_is_the_phones_or_the_devices(server: ProtocolServer, device: CompanionDevice) -> None:
    me = server.people[ME]
    asked = [Node("user", {"jid": jid}) for jid in (f"{PERSON}@s.whatsapp.net", f"{me.lid}@lid", f"{me.lid}:1@lid")]
    answer = device.ask("encrypt", Node("identity", content=asked))
    assert [node.data for node in answer.find("identity")] == [
        server.person(PERSON).keys.identity.public,
        me.keys.identity.public,
        device.keys.identity.public,
    ]


def test_an_answer_comes_from_where_it_was_asked(device: CompanionDevice) -> None:
    for asked, answers in (("@g.us", "g.us"), ("", "s.whatsapp.net"), ("s.whatsapp.net", "s.whatsapp.net")):
        attributes = {"id": "q", "type": "get", "xmlns": "w:g2"} | ({"to": asked} if asked else {})
        device.connection.send(Node("iq", attributes))
        assert device.connection.receive("iq").get("from") == answers


def test_messages_go_both_ways_with_receipts(server: ProtocolServer, device: CompanionDevice) -> None:
    person = server.person(PERSON)
    for turn in ("one", "two"):
        device.write(PERSON, turn, turn)
        came = device.connection.rest()
        assert [(one.tag, one.get("type")) for one in came] == [("ack", ""), ("receipt", ""), ("receipt", "read")]
        assert {one.get("id") for one in came} == {turn}
        server.write(person, server.people[ME], f"re {turn}")
        message = device.connection.receive("message")
        assert message.get("from") == f"{person.lid}@lid"
        assert device.read(message, PERSON) == {"conversation": f"re {turn}"}
        assert [one.get("class") for one in device.connection.rest()] == ["receipt"], "the device's own is confirmed"
    assert [(one.sender, one.text) for one in person.received] == [(ME, "one"), (ME, "two")]


def test_what_a_phone_cannot_read_has_an_ack_and_no_receipt(server: ProtocolServer, device: CompanionDevice) -> None:
    sealed = Node("enc", {"type": "msg"}, bytes(40))
    for to in (f"{PERSON}@s.whatsapp.net", "120363000000000001@g.us", "status@broadcast"):
        device.connection.send(Node("message", {"id": "m", "to": to}, (sealed,)))
        assert [one.tag for one in device.connection.rest()] == ["ack"]
    assert server.person(PERSON).received == []


def test_messages_wait_until_they_are_confirmed(server: ProtocolServer, device: CompanionDevice) -> None:
    server.streams.clear()
    person, me = server.person(PERSON), server.people[ME]
    for text in ("one", "two"):
        server.write(person, me, text)
    device.log_in(ME)
    device.publish()
    preview, one, _two, counted = (node for node in device.connection.rest() if node.tag != "iq")
    assert preview.children[0].get("message") == "2"
    assert counted.children[0].attributes == {"count": "2"}
    assert device.read(one, PERSON) == {"conversation": "one"}

    device.log_in(ME)
    device.publish()
    again = device.connection.receive("message")
    assert again.get("offline") == "0"
    assert device.read(again, PERSON) == {"conversation": "two"}
    assert me.undelivered == {}


def test_a_client_that_is_not_passive_has_its_post_at_once_and_once(
    server: ProtocolServer, device: CompanionDevice
) -> None:
    server.streams.clear()
    server.write(server.person(PERSON), server.people[ME], "while away")
    device.log_in(ME, passive=0)
    assert [node.tag for node in device.connection.rest()] == ["ib", "message", "ib"]
    device.ask("passive", Node("active"))
    assert device.connection.rest() == []


def test_logins_that_are_refused(server: ProtocolServer, device: CompanionDevice) -> None:
    server.refuse("503")
    assert device.log_in(ME).get("reason") == "503"
    assert server.refused == 1
    server.refuse("402")
    assert device.log_in(ME).get("expire") == "600", "a ban says when it ends"
    server.refuse(None)
    assert CompanionDevice(server).log_in(ME).get("reason") == "401", "another key"
    assert device.log_in(PERSON).get("reason") == "401", "another account"
    assert device.connection.ended
    assert device.log_in(ME).tag == "success"


def test_a_connection_that_is_cut_ends_without_a_word(server: ProtocolServer, device: CompanionDevice) -> None:
    server.cut()
    assert device.connection.ended
    assert device.connection.rest() == []
    server.write(server.person(PERSON), server.people[ME], "meanwhile")
    assert device.log_in(ME).tag == "success"


def test_a_second_login_replaces_the_first(server: ProtocolServer, device: CompanionDevice) -> None:
    before = device.connection
    assert device.log_in(ME).tag == "success"
    assert before.receive("stream:error").children[0].attributes == {"type": "replaced"}
    assert before.ended
    device.publish()
    server.write(server.person(PERSON), server.people[ME], "text")
    assert device.read(device.connection.receive("message"), PERSON) == {"conversation": "text"}


@pytest.mark.parametrize("by_phone", [True, False])
def test_a_login_ends(server: ProtocolServer, device: CompanionDevice, by_phone: bool) -> None:
    me = server.people[ME]
    if by_phone:
        server.remove_device(me)
    else:
        device.ask("md", Node("remove-companion-device"))
    assert device.connection.receive("stream:error").get("code") == "401"
    assert device.connection.ended
    assert device.log_in(ME).get("reason") == "401"
    with pytest.raises(SandboxError, match="has no linked device"):
        server.write(server.person(PERSON), me, "text")
    with pytest.raises(SandboxError, match="is not connected"):
        server.remove_device(me)


def test_a_number_that_is_linked_anew_has_new_conversations(server: ProtocolServer, device: CompanionDevice) -> None:
    person, me = server.person(PERSON), server.people[ME]
    server.write(person, me, "for the old device")
    device = CompanionDevice(server)
    link(server, device)
    server.streams.clear()
    device.log_in(ME)
    device.publish()
    device.connection.rest()
    server.write(person, me, "for the new device")
    assert device.read(device.connection.receive("message"), PERSON) == {"conversation": "for the new device"}


def test_users_are_described(server: ProtocolServer, device: CompanionDevice) -> None:
    query = Node("query", content=tuple(map(Node, ("devices", "lid", "contact", "status", "disappearing_mode"))))
    by_number = Node("user", {}, (Node("contact", {}, f"+{PERSON}".encode()),))
    users = Node(
        "list", content=(by_number, Node("user", {"jid": f"{ME}@s.whatsapp.net"}), Node("user", {"jid": "x@g.us"}))
    )
    answer = device.ask("usync", Node("usync", {"sid": "1"}, (query, users)))
    person, me = next(answer.find("list")).children
    assert (person.get("jid"), me.get("jid")) == (f"{PERSON}@s.whatsapp.net", f"{ME}@s.whatsapp.net")
    assert [one.tag for one in person.children] == ["devices", "lid", "contact", "status", "disappearing_mode"]
    assert next(person.find("disappearing_mode")).get("duration") == "0"
    assert next(person.find("lid")).get("val") == f"{server.people[PERSON].lid}@lid"
    assert [one.get("id") for one in person.find("device")] == ["0"]
    assert [one.get("id") for one in me.find("device")] == ["0", "1"]


@pytest.mark.parametrize("asked", [f"+{PERSON}", PERSON, f"+{PERSON}@c.us"])
def test_a_number_is_found_however_it_is_written(device: CompanionDevice, asked: str) -> None:
    query = Node("query", content=(Node("contact"),))
    users = Node("list", content=(Node("user", content=(Node("contact", content=asked.encode()),)),))
    found = next(device.ask("usync", Node("usync", {"sid": "1"}, (query, users))).find("list")).children
    assert [one.get("jid") for one in found] == [f"{PERSON}@s.whatsapp.net"]


def test_what_else_is_asked_has_an_answer(device: CompanionDevice) -> None:
    for namespace, content in (("w:p", "ping"), ("blocklist", "list"), ("encrypt", "digest")):
        answer = device.ask(namespace, Node(content))
        assert (answer.get("type"), answer.get("id")) == ("result", "q")


def test_the_app_state_has_the_name_and_counts_what_is_uploaded(
    server: ProtocolServer, device: CompanionDevice
) -> None:
    def synced(name: str, version: str, *patch: Node) -> tuple[str, list[bytes]]:
        asked = Node("collection", {"name": name, "version": version}, patch or None)
        answer = next(device.ask("w:sync:app:state", Node("sync", content=(asked,))).find("collection"))
        return answer.get("version"), [one.data for one in answer.find("patch")]

    version, (patch,) = synced("critical_block", "0")
    assert version == "1"
    record = SYNC_PATCH.decode(patch)["mutations"][0]["record"]
    keys = MutationKeys.of(server.people[ME].sync_key)
    value = record["value"]["blob"]
    decryptor = Cipher(AES256(keys.value), CBC(value[:16])).decryptor()
    plain = decryptor.update(value[16:-32]) + decryptor.finalize()
    action = SYNC_ACTION.decode(plain[: -plain[-1]])
    assert (action["index"], action["value"]["push_name"]) == (b'["setting_pushName"]', {"name": "Shop"})
    assert record["index"]["blob"] == hmac.digest(keys.index, action["index"], "sha256")

    assert synced("critical_block", "1") == ("1", [])
    assert synced("regular", "0") == ("0", [])
    assert synced("regular", "0", Node("patch", content=b"anything")) == ("1", [])
    assert synced("regular", "1") == ("1", [])


def test_a_code_is_scanned_from_an_open_page_alone(server: ProtocolServer) -> None:
    device = CompanionDevice(server)
    code = device.register()
    server.streams.clear()
    for wrong, said in ((code, "no open page"), ("2@x", "three keys"), ("2@x,A,A,A", "three keys")):
        with pytest.raises(SandboxError, match=said):
            server.scan(wrong, ME, "Shop")


def test_a_registration_without_keys_breaks_the_stream(server: ProtocolServer) -> None:
    with pytest.raises(StreamBroken, match="lacks identity"):
        CompanionConnection(server, CompanionDevice(server).noise, {"registration": {"registration_id": b"1234"}})
