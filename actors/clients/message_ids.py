"""The bare id of a message, drawn here so that the message can be found again whatever happens to the page.

The shape is that of WhatsApp Web's own ids: `3EB0`, then nine random bytes as upper-case hexadecimal digits. Source:
whatsmeow, send.go, GenerateMessageID ("emulates WhatsApp Web").
"""

from __future__ import annotations

import secrets

PREFIX = "3EB0"
"""What ids drawn by WhatsApp Web begin with."""
RANDOM_BYTES = 9


def draw() -> str:
    """A new bare id, such as `3EB01F9C55A0E2B7D4C611`. Any thread."""
    return PREFIX + secrets.token_hex(RANDOM_BYTES).upper()
