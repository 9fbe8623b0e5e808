"""Send an invoice as a PDF, and wait until it has left.

`python examples/send_invoice.py 5491122334455 invoice.pdf INVOICE-17`: the invoice's number is the idempotency key, so
that it is sent once however often this is run.
"""

import base64
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
ENDS = {"sent", "delivered", "read", "failed", "expired", "cancelled", "unknown"}


def call(method: str, path: str, body: dict | None = None, **headers: str) -> dict:
    headers |= {"X-Cliente-Id": CLIENT, "X-Api-Key": os.environ.get("API_KEY", ""), "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(SERVICE + path, data, headers, method=method)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code} {json.load(error)['message']}")


def main(to: str, pdf: Path, number: str) -> None:
    file = {"data": base64.b64encode(pdf.read_bytes()).decode(), "filename": pdf.name, "mimetype": "application/pdf"}
    document = {**file, "caption": f"Your invoice {number}"}
    queued = call("POST", "/messages", {"to": to, "document": document}, **{"Idempotency-Key": number})
    print("on disk:", queued["id"], flush=True)
    while (message := call("GET", f"/messages/{queued['id']}"))["state"] not in ENDS:
        time.sleep(0.5)
    print(message["state"], message["reason"] or "", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
