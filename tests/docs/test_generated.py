"""Generated documents say what the code says."""

from __future__ import annotations

import pytest

from tests.docs.generate import GENERATED, stale


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_document_is_not_stale(name: str) -> None:
    assert name not in stale(), "run `make docs`"
