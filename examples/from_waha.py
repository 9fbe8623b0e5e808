"""A program as it was written for WAHA: only the base URL and the key are others.

`python examples/from_waha.py 5491122334455 "Hello"` makes the session, writes its QR to qr.png until somebody has
scanned it, sends, and prints the last messages of the chat.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

WAHA = os.environ.get("WAHA_URL", "http://127.0.0.1:3001")
KEY = os.environ.get("WAHA_API_KEY", "")
SESSION = os.environ.get("WAHA_SESSION", "default")
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))  # no proxy between


def call(method: str, path: str, body: dict | None = None, accept: str = "application/json") -> bytes:
    headers = {"X-Api-Key": KEY, "Content-Type": "application/json", "Accept": accept}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(WAHA + path, data, headers, method=method)) as answer:
        return answer.read()


def link() -> None:
    try:
        call("GET", f"/api/sessions/{SESSION}")
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        call("POST", "/api/sessions", {"name": SESSION})  # with its webhooks, as before: "config": {"webhooks": [...]}
    while (status := json.loads(call("GET", f"/api/sessions/{SESSION}"))["status"]) != "WORKING":
        print(status, flush=True)
        if status == "SCAN_QR_CODE":
            Path("qr.png").write_bytes(call("GET", f"/api/{SESSION}/auth/qr", accept="image/png"))
        elif status in ("STOPPED", "FAILED"):
            call("POST", f"/api/sessions/{SESSION}/start")
        time.sleep(1.0)


def main(phone: str, text: str) -> None:
    link()
    asked = urllib.parse.urlencode({"session": SESSION, "phone": phone})
    found = json.loads(call("GET", f"/api/contacts/check-exists?{asked}"))
    if not found["numberExists"]:
        sys.exit(f"{phone} is not on WhatsApp")
    chat = found["chatId"]
    sent = json.loads(call("POST", "/api/sendText", {"session": SESSION, "chatId": chat, "text": text}))
    print("sent", sent["id"], flush=True)
    for message in json.loads(call("GET", f"/api/{SESSION}/chats/{chat}/messages?limit=3")):
        print("me" if message["fromMe"] else message["from"], message["body"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
