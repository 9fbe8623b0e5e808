"""Where settings come from, and what is said when they cannot be: every mistake at once, one sentence each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from actors.settings import Settings, SettingsRefused, StartRefused, env_name, load


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("SM_") or name == "PORT":
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def problems(config: Path | None = None, **options: Any) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        load(config, options)
    return refused.value.problems


# --- sources ---------------------------------------------------------------------------------------------------------


def test_without_anything_the_defaults_are_those_of_the_contract() -> None:
    settings = load()
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 3001, Path("data"))
    assert (settings.whatsapp_url, settings.database_url) == ("https://web.whatsapp.com/", None)
    assert (settings.init_wait, settings.qr_wait, settings.qr_lifetime) == (15.0, 30.0, 300.0)
    assert (settings.max_reconnection_attempts, settings.backoff_first, settings.backoff_cap) == (3, 1.0, 60.0)
    assert (settings.cleanup_delay, settings.send_timeout, settings.shutdown_timeout) == (60.0, 30.0, 15.0)
    assert (settings.log_format, settings.log_level) == ("auto", "info")


def test_the_strongest_source_counts(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    assert load().port == 3001
    file.write_text("port = 1")
    assert load(file).port == 1
    monkeypatch.setenv("PORT", "2")
    assert load(file).port == 2
    monkeypatch.setenv("SM_PORT", "3")
    assert load(file).port == 3
    assert load(file, {"port": 4}).port == 4


def test_an_option_that_was_not_given_and_a_variable_that_is_empty_count_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SM_PORT", "")
    monkeypatch.setenv("PORT", "")
    assert load(options={"port": None}).port == 3001


def test_the_file_may_be_named_in_the_environment(monkeypatch: pytest.MonkeyPatch, file: Path, tmp_path: Path) -> None:
    file.write_text("init_wait = 2.5")
    monkeypatch.setenv("SM_CONFIG", str(file))
    assert load().init_wait == 2.5
    other = tmp_path / "other.toml"
    other.write_text("init_wait = 3.5")
    assert load(other).init_wait == 3.5


def test_names_in_the_environment_may_be_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("sm_port", "4001")
    assert load().port == 4001


def test_toml_values_keep_their_types(file: Path) -> None:
    file.write_text('no_sandbox = true\nchromium_args = ["--a=b c", "--d"]\nbackoff_first = 2\ndata_dir = "~/there"\n')
    settings = load(file)
    assert settings.no_sandbox is True
    assert settings.chromium_args == ("--a=b c", "--d")
    assert settings.backoff_first == 2.0
    assert settings.data_dir == Path.home() / "there"


def test_chromium_flags_are_split_as_a_shell_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_CHROMIUM_ARGS", "--proxy-server=http://proxy:3128 '--user-agent=with spaces'")
    assert load().chromium_args == ("--proxy-server=http://proxy:3128", "--user-agent=with spaces")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1


# --- mistakes --------------------------------------------------------------------------------------------------------

MISTAKES = [
    ("SM_PORT", "abc", "SM_PORT is 'abc' but should be a valid integer, unable to parse string as an integer."),
    ("SM_PORT", "70000", "SM_PORT is '70000' but should be less than or equal to 65535."),
    ("SM_PORT", "-1", "SM_PORT is '-1' but should be greater than or equal to 0."),
    ("sm_port", "-1", "sm_port is '-1' but should be greater than or equal to 0."),
    ("PORT", "-1", "PORT is '-1' but should be greater than or equal to 0."),
    ("SM_INIT_WAIT", "-1", "SM_INIT_WAIT is '-1' but should be greater than or equal to 0."),
    ("SM_INIT_WAIT", "nan", "SM_INIT_WAIT is 'nan' but should be a finite number."),
    ("SM_INIT_WAIT", "inf", "SM_INIT_WAIT is 'inf' but should be a finite number."),
    ("SM_SEND_TIMEOUT", "0", "SM_SEND_TIMEOUT is '0' but should be greater than 0."),
    ("SM_LOG_FORMAT", "xml", "SM_LOG_FORMAT is 'xml' but should be 'auto', 'json' or 'console'."),
    ("SM_LOG_LEVEL", "chatty", "SM_LOG_LEVEL is 'chatty' but should be 'debug', 'info', 'warning' or 'error'."),
    ("SM_NO_SANDBOX", "maybe", "SM_NO_SANDBOX is 'maybe' but should be a valid boolean, unable to interpret input."),
    ("SM_START_CONCURRENCY", "0", "SM_START_CONCURRENCY is '0' but should be greater than or equal to 1."),
    ("SM_START_CONCURENCY", "1", "SM_START_CONCURENCY is not a setting: did you mean SM_START_CONCURRENCY?"),
    ("SM_XYZZY", "1", "SM_XYZZY is not a setting."),
    ("SM_FOO", "1", "SM_FOO is not a setting."),
    ("SM_BACKOFF_CAP", "0.5", "SM_BACKOFF_CAP should be at least SM_BACKOFF_FIRST."),
]


@pytest.mark.parametrize(
    ("name", "value", "sentence"), MISTAKES, ids=[f"{name}={value}" for name, value, _ in MISTAKES]
)
def test_a_mistake_in_the_environment_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    assert problems() == [sentence]


@pytest.mark.parametrize("address", ["web.whatsapp.com", "ftp://web.whatsapp.com", "http://", "::"])
def test_an_address_that_is_none_is_one_sentence(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("SM_WHATSAPP_URL", address)
    (sentence,) = problems()
    assert sentence.startswith(f"SM_WHATSAPP_URL is '{address}' but ")
    assert " should " in sentence
    assert "\n" not in sentence
    assert "validation error" not in sentence


def test_a_home_that_nobody_has_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_DATA_DIR", "~nobody-of-that-name/data")
    (sentence,) = problems()
    assert sentence.endswith("but should not name the home directory of a user who does not exist.")


def test_flags_that_no_shell_would_split_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_CHROMIUM_ARGS", "'--open")
    (sentence,) = problems()
    assert sentence.startswith("""SM_CHROMIUM_ARGS is "'--open" but should be quoted as in a shell""")


def test_a_mistake_on_the_command_line_names_the_option() -> None:
    assert problems(init_wait=-1.0) == ["--init-wait is -1.0 but should be greater than or equal to 0."]


def test_a_mistake_in_the_file_names_the_file(file: Path) -> None:
    file.write_text('port = "abc"\nprot = 1\n[chromium]\npath = "x"\n')
    assert problems(file) == [
        f"prot in {file} is not a setting: did you mean port?",
        f"port in {file} is 'abc' but should be a valid integer, unable to parse string as an integer.",
        f"chromium in {file} is {{'path': 'x'}} but is not a valid path for <class 'pathlib.Path'>.",
    ]


def test_a_file_that_is_not_there_cannot_be_read_or_is_not_toml(file: Path, tmp_path: Path) -> None:
    assert problems(file) == [f"The settings file {file} cannot be read: No such file or directory."]
    assert problems(tmp_path) == [f"The settings file {tmp_path} cannot be read: Is a directory."]
    file.write_text("port 1")
    (sentence,) = problems(file)
    assert sentence.startswith(f"The settings file {file} is not TOML: ")
    file.write_bytes(b"\xff\xfe\x00")
    (sentence,) = problems(file)
    assert sentence.startswith(f"The settings file {file} is not TOML: ")


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text("init_wait = -1\nunknown = 1\n")
    monkeypatch.setenv("SM_PORT", "abc")
    monkeypatch.setenv("SM_PROT", "1")
    told = problems(file, log_level="chatty")
    assert len(told) == 5
    assert all(sentence.endswith((".", "?")) and "\n" not in sentence for sentence in told)


def test_a_refusal_is_the_end_of_a_start_with_code_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_PORT", "abc")
    monkeypatch.setenv("SM_PROT", "1")
    with pytest.raises(StartRefused) as refused:
        load()
    assert refused.value.exit_code == 2
    assert len(str(refused.value).splitlines()) == 2


# --- secrets ---------------------------------------------------------------------------------------------------------

SECRET = "hunter2 is wrong"


def test_a_wrong_secret_is_never_repeated(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setenv("SM_API_KEY", SECRET[:9])
    (sentence,) = problems()
    assert sentence.startswith("SM_API_KEY should have at least 16 ")
    assert SECRET[:9] not in sentence
    monkeypatch.delenv("SM_API_KEY")
    for setting in ("database_url", "api_key"):
        file.write_text(f'{setting} = ["{SECRET}"]')
        (sentence,) = problems(file)
        assert "hunter2" not in sentence
        assert sentence.startswith(f"{setting} in {file} ")


def test_a_secret_under_a_wrong_name_or_beside_other_mistakes_is_never_repeated(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    monkeypatch.setenv("SM_DATABASE_URI", f"postgresql://me:{SECRET}@db/x")
    monkeypatch.setenv("SM_DATABASE_URL", f"postgresql://me:{SECRET}@db/x")
    monkeypatch.setenv("SM_BACKOFF_CAP", "0.1")
    file.write_text(f'api_kee = "{SECRET}"')
    with pytest.raises(SettingsRefused) as refused:
        load(file)
    assert len(refused.value.problems) == 3
    assert "hunter2" not in repr(refused.value) + str(refused.value)


def test_settings_can_be_printed_without_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_DATABASE_URL", "postgresql://me:hunter2@db/x")
    monkeypatch.setenv("SM_API_KEY", "hunter2-hunter2-hunter2")
    settings = load()
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "hunter2-hunter2-hunter2"


# --- anything --------------------------------------------------------------------------------------------------------

VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


@given(name=st.sampled_from(sorted(Settings.model_fields)), value=VALUES)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
def test_whatever_a_variable_holds_it_is_a_setting_or_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv(env_name(name), value)
        try:
            load()
        except SettingsRefused as refused:
            (sentence,) = refused.problems
            assert len(sentence.splitlines()) == 1
            assert sentence.endswith(".")
