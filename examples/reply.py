"""Receive messages, and answer each one once.

Events are fetched and acknowledged: what was not acknowledged comes again, also after a crash of this program or of the
service. The event's id as the idempotency key keeps an answer from being sent twice.
"""

import json
import os
import urllib.request

SERVICE = os.environ.get("SERVICE", "http://127.0.0.1:3001")
CLIENT = os.environ.get("CLIENT", "99")
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))  # no proxy between


def call(method: str, path: str, body: dict | None = None, **headers: str) -> dict:
    headers |= {"X-Cliente-Id": CLIENT, "X-Api-Key": os.environ.get("API_KEY", ""), "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(SERVICE + path, data, headers, method=method)) as answer:
        return json.load(answer)


def main() -> None:
    print("waiting for messages", flush=True)
    while True:
        found = call("GET", "/events/next?consumer=greeter&types=message&wait=20")
        for event in found["events"]:
            message = event["payload"]
            if message["from_me"] or message["type"] != "chat":
                continue
            reply = {"to": message["chat"], "message": f"You wrote: {message['body']}", "reply_to": message["id"]}
            queued = call("POST", "/messages", reply, **{"Idempotency-Key": f"reply-{event['id']}"})
            print("answered", queued["id"], flush=True)
        if found["receipt"]:
            call("DELETE", f"/events/next/{found['receipt']}?consumer=greeter")


if __name__ == "__main__":
    main()
