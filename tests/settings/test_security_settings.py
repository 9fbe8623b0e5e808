"""The settings of who may call and how often: what they take, and what is said of mistakes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.settings import SettingsRefused, load


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("SM_") or name == "PORT":
            monkeypatch.delenv(name)


def test_by_default_there_is_no_key_no_origin_no_proxy_and_starts_are_bounded() -> None:
    settings = load()
    assert settings.api_key is None
    assert (settings.allowed_origins, settings.allowed_hosts, settings.trusted_proxies) == ((), (), ())
    assert (settings.init_rate, settings.init_address_rate) == ("5/minute", "30/minute")
    assert (settings.send_rate, settings.request_rate) == ("0", "0")
    assert settings.wrong_key_rate == "0"


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ("7", "7/minute"),
        ("0", "0"),
        ("0/minute", "0"),
        ("10/second", "10/second"),
        ("100 per 10 seconds", "100 per 10 seconds"),
    ],
)
def test_a_rate_is_so_many_in_so_much_time(monkeypatch: pytest.MonkeyPatch, given: str, rate: str) -> None:
    monkeypatch.setenv("SM_INIT_RATE", given)
    assert load().init_rate == rate


def test_lists_are_comma_separated_in_the_environment_and_lists_in_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SM_ALLOWED_ORIGINS", " https://App.example:443 ,http://localhost:8080/,")
    monkeypatch.setenv("SM_ALLOWED_HOSTS", "WA.example,*.internal,[::1]")
    file = tmp_path / "settings.toml"
    file.write_text('trusted_proxies = ["10.0.0.0/8", "::1"]\n')
    settings = load(file)
    assert settings.allowed_origins == ("https://app.example", "http://localhost:8080")
    assert settings.allowed_hosts == ("wa.example", "*.internal", "[::1]")
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")


MISTAKES = [
    ("SM_API_KEY", "short", "SM_API_KEY should have at least 16 visible ASCII characters and no space."),
    ("SM_API_KEY", "sixteen chars long!", "SM_API_KEY should have at least 16 visible ASCII characters and no space."),
    (
        "SM_INIT_RATE",
        "often",
        'SM_INIT_RATE is \'often\' but should be a rate such as "5/minute" or "100 per 10 seconds", or 0 for no limit.',
    ),
    (
        "SM_ALLOWED_HOSTS",
        "x:80",
        "SM_ALLOWED_HOSTS is 'x:80' but should be names such as example.org, not 'x:80', without scheme or port.",
    ),
    (
        "SM_ALLOWED_ORIGINS",
        "https://x/path",
        "SM_ALLOWED_ORIGINS is 'https://x/path' but should be origins such as https://app.example, not 'https://x/path'.",
    ),
    ("SM_TLS_CERT", "/cert.pem", "SM_TLS_CERT and SM_TLS_KEY should be set together."),
    ("SM_MAX_CONNECTIONS", "0", "SM_MAX_CONNECTIONS is '0' but should be greater than or equal to 1."),
]


@pytest.mark.parametrize(
    ("name", "value", "sentence"), MISTAKES, ids=[f"{name}={value}" for name, value, _ in MISTAKES]
)
def test_a_mistake_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused) as refused:
        load()
    assert refused.value.problems == [sentence]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SM_ALLOWED_ORIGINS", "*"),
        ("SM_ALLOWED_ORIGINS", "null"),
        ("SM_ALLOWED_ORIGINS", "https://user@x"),
        ("SM_ALLOWED_HOSTS", "*"),
        ("SM_ALLOWED_HOSTS", "x:80"),
        ("SM_TRUSTED_PROXIES", "*"),
        ("SM_TRUSTED_PROXIES", "proxy.internal"),
        ("SM_TRUSTED_PROXIES", "10.0.0.1/8"),
    ],
)
def test_what_would_open_the_door_to_all_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused, match=name):
        load()


def test_a_key_is_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_API_KEY", "a-secret-of-16-chars")
    assert "a-secret" not in repr(load())
    monkeypatch.setenv("SM_API_KEY", "a-secret")
    with pytest.raises(SettingsRefused) as refused:
        load()
    assert "a-secret" not in str(refused.value)
