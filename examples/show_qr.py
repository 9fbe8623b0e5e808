"""Show a client's QR on a page of yours until somebody has scanned it.

`python examples/show_qr.py PAGE.html` writes the page anew when the code changes, and ends once the client is READY.
"""

import json
import os
import sys
import time
import urllib.request
from pathlib import Path

SERVICE = os.environ.get("SERVICE", "http://127.0.0.1:3001")
CLIENT = os.environ.get("CLIENT", "99")
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))  # no proxy between


def call(method: str, path: str) -> dict:
    headers = {"X-Cliente-Id": CLIENT, "X-Api-Key": os.environ.get("API_KEY", "")}
    with urllib.request.urlopen(urllib.request.Request(SERVICE + path, method=method, headers=headers)) as answer:
        return json.load(answer)


def main(page: Path) -> None:
    call("POST", "/init")  # the only call that starts a client; one that runs is left alone
    shown = None
    while True:
        status = call("GET", "/status")  # never starts anything: ask as often as you like
        if status["state"] == "READY":
            break
        if status["state"] == "QR_REQUIRED" and status["qr_code_base64"] != shown:
            shown = status["qr_code_base64"]  # a data: URL, drawn already
            page.write_text(f'<h1>Scan me</h1><img src="{shown}">')
            print("a new code, until", status["qr_expires_at"], flush=True)
        elif status["state"] in ("AUTH_FAILURE", "DISCONNECTED_LOGOUT", "DISCONNECTED_BANNED", "ERROR"):
            sys.exit(f"{status['state']}: {status['reason_text']}")
        time.sleep(1.0)
    page.write_text("<h1>Linked</h1>")
    print("linked", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
