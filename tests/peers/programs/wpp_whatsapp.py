"""wpp-whatsapp, as its users run it. Only the browser's arguments are the test's."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from WPP_Whatsapp import Create  # type: ignore[import-not-found]

GIVEN = json.loads(sys.argv[1])
WRITING = threading.Lock()


def tell(fact: str, **more: Any) -> None:
    with WRITING:
        print(json.dumps({"fact": fact, **more}), flush=True)


def said(message: dict[str, Any]) -> dict[str, Any]:
    return {name: message.get(name) for name in ("id", "body", "from", "to", "ack")}


def main() -> None:
    creator = Create(
        session="peer",
        catchQR=lambda **shown: tell("qr", code=shown["urlCode"], picture=shown["qrCode"]),
        statusFind=lambda status, _session: tell("status", status=status),
        folderNameToken=GIVEN["directory"],
        browser="chromium",
        channel=None,
        executable_path=GIVEN["chromium"],
        headless=True,
        args=GIVEN["args"],
        ignore_https_errors=True,
    )
    client = creator.start()
    client.onMessage(lambda message: tell("message", **said(message)))
    client.onAck(lambda told: tell("ack", ack=told["ack"]))
    orders = {
        "send": lambda to, text: said(client.sendText(to, text)),
        "state": client.getConnectionState,
        "known": lambda number: client.checkNumberStatus(f"{number}@c.us")["numberExists"],
        "chats": lambda: [chat.get("name") for chat in client.listChats()],
        "logout": client.logout,
        "close": client.close,
    }
    tell("ready", me=client.getWid(), state=creator.state)
    for line in sys.stdin:
        given = json.loads(line)
        order = given.pop("order")
        try:
            tell("done", order=order, value=orders[order](**given))
        except Exception as error:  # noqa: BLE001  whatever it is, the test wants to see it
            tell("failed", order=order, error=f"{type(error).__name__}: {error}")
        if order == "close":
            return


main()
