"""The reference of settings names every one of them, and what can be known without running anything."""

from __future__ import annotations

import pytest

from actors.settings import Settings, env_name
from actors.settings.reference import settings_page, settings_table


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_has_a_row_with_a_sentence(setting: str) -> None:
    rows = [line for line in settings_table().splitlines() if line.startswith(f"| `{env_name(setting)}` |")]
    assert len(rows) == 1
    assert len(rows[0].split(" | ")) == 3
    assert rows[0].endswith(". |")


def test_the_page_says_how_a_setting_is_given() -> None:
    assert "SM_CONFIG" in settings_page()
    assert "| `SM_PORT` | `3001` |" in settings_page()
    assert "One of `auto`, `json`, `console`." in settings_page()
    assert "| `SM_DATA_DIR` | `./data` |" in settings_page()


def test_numbers_are_as_people_read_them() -> None:
    page = settings_page()
    assert "| `SM_MESSAGE_RETENTION` | `2592000` (30 d) |" in page
    assert "| `SM_MEDIA_IN_SIZE` | `5120` (5 GiB) |" in page
    assert "e+0" not in page
