"""Which messages of WhatsApp Web no person wrote, and what those that mean something are events of. Pure: tables.

WhatsApp Web writes notices of its own into chats, as messages: that a chat is encrypted, that a group has changed, that
a call came. Source: `MSG_TYPE` and `SYSTEM_MESSAGE_TYPES` of WAWebMsgType, and the subtypes of
WAWebCommonMsgSubtypeTypes and WAWebFormatE2ENotification, as in its release 2.3000.1044822804.
"""

from __future__ import annotations

from collections.abc import Mapping

NOTICES = frozenset(
    {
        "broadcast_notification",
        "call_log",
        "debug",
        "e2e_notification",
        "gp2",
        "group_notification",
        "guest_upsell_system_msg",
        "history_bundle",
        "newsletter_notification",
        "notification",
        "notification_template",
        "pinned_message",
        "poll_add_option_decrypted",
        "protocol",
        "status_notification",
    }
)
"""Types of what WhatsApp itself writes."""
UNREADABLE = frozenset({"ciphertext", "debug_placeholder", "loading_media"})
"""Types of what comes again under its own type once it can be read."""
ADDITIONS = frozenset(
    {
        "comment",
        "event_edit_encrypted",
        "event_response",
        "group-history",
        "keep_in_chat",
        "message_edit_encrypted",
        "message_history_notice",
        "pin_message",
        "poll_add_option_encrypted",
        "poll_edit_encrypted",
        "poll_result_snapshot",
        "poll_update",
        "reaction",
        "reaction_enc",
        "request_phone_number",
    }
)
"""Types of what is added to another message, or asked for by an app, and is no message to read."""
MESSAGES = frozenset(
    {
        "album",
        "audio",
        "automated_greeting_message",
        "biz-cover-photo",
        "biz_content_placeholder",
        "buttons_response",
        "chat",
        "document",
        "event_creation",
        "groups_v4_invite",
        "hsm",
        "image",
        "interactive",
        "interactive_response",
        "list",
        "list_response",
        "location",
        "multi_vcard",
        "native_flow",
        "newsletter_admin_invite",
        "newsletter_follower_invite",
        "newsletter_question_response",
        "order",
        "oversized",
        "payment",
        "poll_creation",
        "product",
        "ptt",
        "ptv",
        "quarantined",
        "revoked",
        "rich_response",
        "sharable_event_invite",
        "status",
        "sticker",
        "sticker-pack",
        "template_button_reply",
        "unknown",
        "vcard",
        "video",
    }
)
"""Types of what a person or a business has written. A type that is in none of these tables is told as a message too,
unless the page calls it a notice."""

_OF_EVERY = ("id", "chat", "lid", "phone", "t", "bare_id", "from_me", "author")
EVENTS: Mapping[str, tuple[str, ...]] = {
    "group.changed": (*_OF_EVERY, "change", "people", "value"),
    "call.logged": (*_OF_EVERY, "outcome", "video", "duration"),
    "contact.security_code_changed": _OF_EVERY,
    "contact.number_changed": (*_OF_EVERY, "people"),
}
"""Kind of event -> the fields of its payload."""
MEANING: Mapping[tuple[str, str | None], str] = {
    ("gp2", None): "group.changed",
    ("group_notification", None): "group.changed",
    ("call_log", None): "call.logged",
    ("e2e_notification", "identity"): "contact.security_code_changed",
    ("notification_template", "change_number"): "contact.number_changed",
}
"""Type and subtype (None: any) of a notice that means something -> the event it is."""


def is_message(kind: str, *, notice: bool) -> bool:
    """Whether a message of this type is one that somebody wrote; `notice`: the page calls it one of its own."""
    return not notice and kind not in NOTICES | UNREADABLE | ADDITIONS


def event_of(kind: str, subtype: str | None) -> str | None:
    """The event that a notice is, or None where it means nothing to a consumer."""
    return MEANING.get((kind, subtype)) or MEANING.get((kind, None))
