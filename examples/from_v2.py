"""A program as it was written for session-manager v2.0: only the address is another.

`python examples/from_v2.py 5491122334455 "Hello"` starts the client, writes the page with its QR until somebody has
scanned it, and sends.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

SERVICE = os.environ.get("SERVICE", "http://127.0.0.1:3001")
CLIENT = os.environ.get("CLIENT", "99")
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))  # no proxy between


def call(method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
    headers = {"X-Cliente-Id": CLIENT, "Content-Type": "application/json"}
    if os.environ.get("API_KEY"):  # v2.0 had no keys; see docs/security.md
        headers["X-Api-Key"] = os.environ["API_KEY"]
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(SERVICE + path, data, headers, method=method)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def main(to: str, text: str) -> None:
    code, answer = call("POST", "/init")
    print("init", code, answer.get("action") or answer.get("code"), flush=True)
    while not (status := call("GET", "/status")[1])["can_send_messages"]:
        print(status["state"], "-", status["recommended_action"], flush=True)
        if status["needs_qr"]:
            code, shown = call("GET", "/qr-code")  # waits for one, at most 30 s
            if code == 200:
                Path("qr.html").write_text(f'<img src="{shown["qr"]}">')
        time.sleep(1.0)
    code, answer = call("POST", "/send", {"to": to, "message": text})
    if not answer.get("success"):
        sys.exit(f"{code} {answer['code']}: {answer['message']}")
    print("sent", answer["message_id"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
