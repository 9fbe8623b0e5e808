"""Send a text to many people at the pace of the service, and report how each message ended.

`python examples/campaign.py NAME < numbers.txt`, one number a line. Run again under a name, it sends nothing twice.
"""

import collections
import json
import os
import sys
import time
import urllib.error
import urllib.request

SERVICE = os.environ.get("SERVICE", "http://127.0.0.1:3001")
CLIENT = os.environ.get("CLIENT", "99")
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))  # no proxy between
OPEN = {"queued", "sending"}


def call(method: str, path: str, body: dict | None = None, **headers: str) -> dict:
    headers |= {"X-Cliente-Id": CLIENT, "X-Api-Key": os.environ.get("API_KEY", ""), "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(SERVICE + path, data, headers, method=method)) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):  # too many at once, or the service restarts: it says when to come back
                raise
            time.sleep(float(error.headers.get("Retry-After", "5")))


def main(name: str) -> None:
    queued = {}
    for number in filter(None, map(str.strip, sys.stdin)):
        body = {"to": number, "message": "We move on Monday.", "priority": 0}
        try:
            queued[number] = call("POST", "/messages", body, **{"Idempotency-Key": f"{name}-{number}"})["id"]
        except urllib.error.HTTPError as error:
            print(number, "refused:", json.load(error)["message"], flush=True)
    ended = collections.Counter()
    for number, id in queued.items():
        while (message := call("GET", f"/messages/{id}"))["state"] in OPEN:
            time.sleep(1.0)
        ended[message["state"]] += 1
        if message["state"] in ("failed", "unknown", "expired"):
            print(number, message["state"], message["reason"], flush=True)
    print(dict(ended), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
