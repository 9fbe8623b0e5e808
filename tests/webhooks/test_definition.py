"""What an owner may say of a webhook, and what is shown of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.webhooks.addresses import networks
from actors.webhooks.definition import CHECKS, InvalidWebhook, changes, new_webhook, policy_of, shown
from actors.webhooks.schedule import Growth, RetryPolicy
from actors.webhooks.signature import OUR_HEADERS

URL = "https://example.com/hook?token=t"
SECRET = "the secret of this webhook"

GOOD: list[tuple[str, object, object]] = [
    ("url", "http://example.com", "http://example.com"),
    ("url", "https://example.com:8443/a/b?c=d", "https://example.com:8443/a/b?c=d"),
    ("url", "https://8.8.8.8/", "https://8.8.8.8/"),
    ("events", ["message", "message.*", "message"], ("message", "message.*")),
    ("clients", [3, 1, 3], (1, 3)),
    ("clients", [], ()),
    ("clients", None, ()),
    ("secret", SECRET, SECRET),
    ("secret", None, None),
    ("headers", {"Authorization": "Bearer abc def", "X-A": "1"}, (("Authorization", "Bearer abc def"), ("X-A", "1"))),
    ("headers", {}, ()),
    ("retry_growth", "linear", "linear"),
    ("retry_growth", None, None),
    ("retry_delay", 5, 5.0),
    ("retry_attempts", 3, 3),
    ("active", False, False),
]
BAD_HEADERS: list[object] = [
    None,
    [],
    {"X-A": "a\r\nX-B: b"},
    {"X-A\r\n": "a"},
    {"X A": "a"},
    {"": "a"},
    {"X-A": ""},
    {"X-A": "é"},
    {"X-A": 1},
    {"X-A": "1", "x-a": "2"},
    {"X-Webhook-Anything": "x"},
    {"X-A": " a"},
    {f"X-{n}": "a" for n in range(31)},
    {"X-A": "a" * 4001},
]
BAD: list[tuple[str, object]] = [
    *[
        ("url", url)
        for url in (
            None,
            1,
            "",
            "example.com",
            "ftp://example.com/",
            "https://",
            "https://user:pass@example.com/",
            "https://example.com/#a",
            "https://example.com/\r\nX: y",
            "https://exa mple.com/",
            "javascript:alert(1)",
            "https://example.com:0/",
            "https://example.com:-1/",
            "https://example.com:99999/",
            "https://" + "a" * 3000,
            "https://é.com/\u2028",
            "http://127.0.0.1/",
            "http://localhost/",
            "http://localhost./",
            "http://hook.localhost/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://169.254.169.254/latest",
            "http://0.0.0.0/",
        )
    ],
    *[("events", events) for events in (None, [], "message", ["mess*"], [1], ["*"] * 101)],
    *[("clients", clients) for clients in ([0], [-1], [2**31], ["1"], [True], [1.0], "1")],
    *[("secret", secret) for secret in ("", "short", "x" * 513, "with\nnewline", 12345678, "with\0nul12")],
    *[("headers", headers) for headers in BAD_HEADERS],
    *[
        ("headers", {name: "x"})
        for name in ("Connection", "transfer-encoding", "HOST", "Content-Length", "Upgrade", "TE", *sorted(OUR_HEADERS))
    ],
    *[("retry_growth", growth) for growth in ("", "quadratic", 1)],
    *[("retry_delay", delay) for delay in (0, -1, "5", True, float("nan"), float("inf"), 1e9)],
    *[("retry_attempts", attempts) for attempts in (0, 1.5, "3", True, 1001)],
    *[("active", active) for active in (None, 1, "true")],
    ("id", "mine"),
    ("created_at", 0),
    ("nonsense", 1),
]


@pytest.mark.parametrize(("field", "given_", "kept"), GOOD)
def test_what_may_be_said_is_kept(field: str, given_: object, kept: object) -> None:
    assert changes({field: given_}) == {field: kept}


@pytest.mark.parametrize(("field", "given_"), BAD)
def test_what_may_not_is_refused_by_the_name_of_its_field(field: str, given_: object) -> None:
    with pytest.raises(InvalidWebhook, match=f"^{field} should ") as refused:
        changes({field: given_})
    assert refused.value.field == field


def test_a_refusal_does_not_repeat_a_secret() -> None:
    with pytest.raises(InvalidWebhook) as refused:
        changes({"secret": SECRET + "\n"})
    assert SECRET not in str(refused.value)
    with pytest.raises(InvalidWebhook) as refused:
        changes({"headers": {"Authorization": SECRET + "\n"}})
    assert SECRET not in str(refused.value)


def test_a_url_is_needed_and_an_operator_may_allow_an_address() -> None:
    with pytest.raises(InvalidWebhook, match="url"):
        new_webhook({}, at=1.0)
    local = new_webhook({"url": "http://127.0.0.1:9/"}, at=1.0, allowed=networks(["127.0.0.0/8"]))
    assert local.events == ("*",)
    assert local.id != new_webhook({"url": URL}, at=1.0).id


def test_a_webhook_is_shown_without_its_secrets_and_never_printed_with_them() -> None:
    webhook = new_webhook({"url": URL, "secret": SECRET, "headers": {"Authorization": "Bearer " + SECRET}}, at=1.0)
    view = shown(webhook)
    assert view["secret"] == "…ok"
    assert view["headers"] == {"Authorization": "…ok"}
    assert view["url"] == URL
    assert SECRET not in repr(view) + repr(webhook)
    assert set(CHECKS) <= set(view)


def test_an_owner_may_change_the_operators_policy_in_part() -> None:
    default = RetryPolicy(Growth.LINEAR, delay=1.0, attempts=9, cap=100.0, jitter=0.1, give_up_after=77.0)
    assert policy_of(new_webhook({"url": URL}, at=1.0), default) == default
    own = new_webhook({"url": URL, "retry_growth": "constant", "retry_delay": 200, "retry_attempts": 2}, at=1.0)
    policy = policy_of(own, default)
    assert (policy.growth, policy.delay, policy.attempts, policy.give_up_after) == (Growth.CONSTANT, 200.0, 2, 77.0)
    assert policy.wait(1, lambda: 0.0) == 200.0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@given(field=st.sampled_from(sorted(CHECKS)), value=JSON)
def test_whatever_comes_is_kept_or_refused(field: str, value: Any) -> None:
    try:
        kept = changes({field: value})
    except InvalidWebhook:
        return
    again = dict(kept[field]) if field == "headers" else kept[field]
    assert changes({field: again}) == kept
