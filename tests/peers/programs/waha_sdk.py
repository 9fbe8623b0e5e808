"""One of WAHA's SDKs, as its users run it: an order is the path of a method and its arguments."""

from __future__ import annotations

import json
import sys
from functools import reduce
from typing import Any

GIVEN = json.loads(sys.argv[1])


def made() -> Any:
    """The SDK's client. Two of the three are called `waha`, so each has an interpreter of its own."""
    if GIVEN["sdk"] == "waha-python":
        from waha_python import WAHAClient  # type: ignore[import-not-found]

        return WAHAClient(GIVEN["url"], api_key=GIVEN["key"])
    from waha import WahaClient  # type: ignore[import-not-found]

    return WahaClient(base_url=GIVEN["url"], api_key=GIVEN["key"])


def plain(value: Any) -> Any:
    """What JSON can say of an answer."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def argument(value: Any) -> Any:
    """A model or an enumeration of the SDK's, where the test names one: `{"$": name, …}`."""
    if not isinstance(value, dict) or "$" not in value:
        return value
    import waha

    kind = reduce(getattr, value.pop("$").split("."), waha)
    return kind(**value) if value else kind


def main() -> None:
    client = made()
    print(json.dumps({"fact": "ready"}), flush=True)
    for line in sys.stdin:
        given = json.loads(line)
        order = given["order"]
        fact: dict[str, Any] = {"order": order}
        try:
            method = reduce(getattr, order.split("."), client)
            kwargs = {name: argument(value) for name, value in given.get("given", {}).items()}
            fact |= {"fact": "done", "value": plain(method(**kwargs))}
        except Exception as error:  # noqa: BLE001  whatever it is, the test wants to see it
            fact |= {"fact": "failed", "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(fact, default=str), flush=True)


main()
