"""Every call of WAHA, one row each: 192, and a few that its SDKs make although WAHA never had them.

Tier 1 holds the calls of nearly every consumer, tier 2 the others that are wanted here; tier 3 is answered 501 with a
sentence.
A call of tier 1 or 2 whose operation is not there yet is answered 501 as well (`Missing`).
"""

from __future__ import annotations

from typing import Any

from actors.waha.statuses import SCAN_QR_CODE, STARTING, WORKING
from gateway.security.auth import RateClass, Scope
from gateway.waha.calls import Handler, Missing, WahaCall
from gateway.waha.routes import account, changes, chats, files, groups, keys, messages, people, server, sessions

_RUNS = (STARTING, SCAN_QR_CODE, WORKING)
_SESSION: dict[str, Any] = {"about_session": False, "expects": ()}
"""Calls about sessions themselves find theirs by themselves: it may not exist."""
_KEYS: dict[str, Any] = {**_SESSION, "scope": Scope.ADMIN, "about_all": True}
_SEND: dict[str, Any] = {"scope": Scope.SEND, "rate": RateClass.SEND}
_SEND_TEXT: dict[str, Any] = {**_SEND, "contents": ("text",)}
_SEND_FILE: dict[str, Any] = {
    **_SEND,
    "takes_files": True,
    "contents": ("file", "caption", "url", "data", "mimetype", "filename"),
}
_POST_FILE: dict[str, Any] = {**_SEND_FILE, "contents": (*_SEND_FILE["contents"], "contacts")}
_CHANGE: dict[str, Any] = {"scope": Scope.SEND}
_SET: dict[str, Any] = {"scope": Scope.CONTROL}
_G, _P, _C = "/api/{session}/groups", "/api/{session}/groups/{id}", "/api/{session}/chats/{chatId}"
_SECURITY = f"{_P}/settings/security"


def get(path: str, tier: int, work: Handler | Missing, **options: Any) -> WahaCall:
    """Return the row of a GET."""
    return WahaCall("GET", path, tier, work, **options)


def post(path: str, tier: int, work: Handler | Missing, **options: Any) -> WahaCall:
    """Return the row of a POST."""
    return WahaCall("POST", path, tier, work, **options)


def put(path: str, tier: int, work: Handler | Missing, **options: Any) -> WahaCall:
    """Return the row of a PUT."""
    return WahaCall("PUT", path, tier, work, **options)


def delete(path: str, tier: int, work: Handler | Missing, **options: Any) -> WahaCall:
    """Return the row of a DELETE."""
    return WahaCall("DELETE", path, tier, work, **options)


NATIVE = ("GET /health",)
"""Calls of WAHA that the native table answers."""

SERVER = (
    get("/ping", 1, server.ping, scope=None, **_SESSION),
    get("/api/server/version", 1, server.version, **_SESSION),
    get("/api/version", 1, server.version, **_SESSION),
    get("/api/server/status", 1, server.status, **_SESSION),
)

SESSIONS = (
    get("/api/sessions", 1, sessions.listed, **_SESSION),
    post("/api/sessions", 1, sessions.create, **_SESSION, **_SET),
    post("/api/sessions/start", 1, sessions.start_old, **_SESSION, **_SET),
    post("/api/sessions/stop", 1, sessions.stop_old, **_SESSION, **_SET),
    post("/api/sessions/logout", 1, sessions.log_out_old, **_SESSION, **_SET),
    get("/api/sessions/{session}", 1, sessions.one, **_SESSION),
    put("/api/sessions/{session}", 1, sessions.update, **_SESSION, **_SET),
    delete("/api/sessions/{session}", 1, sessions.delete, **_SESSION, **_SET),
    get("/api/sessions/{session}/me", 1, sessions.me, **_SESSION),
    post("/api/sessions/{session}/start", 1, sessions.start, **_SESSION, **_SET),
    post("/api/sessions/{session}/stop", 1, sessions.stop, **_SESSION, **_SET),
    post("/api/sessions/{session}/restart", 1, sessions.restart, **_SESSION, **_SET),
    post("/api/sessions/{session}/logout", 1, sessions.log_out, **_SESSION, **_SET),
    get("/api/{session}/auth/qr", 1, sessions.qr, expects=(SCAN_QR_CODE,)),
    post("/api/{session}/auth/request-code", 1, sessions.request_code, expects=(SCAN_QR_CODE,), **_SET),
    get("/api/screenshot", 1, sessions.screenshot, scope=Scope.ADMIN, expects=_RUNS, key_in_query=True),
)

MESSAGES = (
    post("/api/sendText", 1, messages.text, **_SEND_TEXT),
    get("/api/sendText", 1, messages.text_by_query, **_SEND_TEXT),
    post("/api/reply", 1, messages.text, **_SEND_TEXT),
    post("/api/sendImage", 1, files.image, **_SEND_FILE),
    post("/api/sendFile", 1, files.document, **_SEND_FILE),
    post("/api/sendVoice", 1, files.voice, **_SEND_FILE),
    post("/api/sendVideo", 1, files.video, **_SEND_FILE),
    post("/api/sendSeen", 1, changes.seen, **_CHANGE),
    post("/api/startTyping", 1, changes.start_typing, **_CHANGE),
    post("/api/stopTyping", 1, changes.stop_typing, **_CHANGE),
    put("/api/reaction", 1, changes.react, **_CHANGE),
    post("/api/sendLocation", 2, messages.location, **_SEND, contents=("latitude", "longitude")),
    post("/api/sendContactVcard", 2, messages.contacts, **_SEND, contents=("contacts",)),
    post("/api/sendPoll", 2, messages.poll, **_SEND, contents=("poll", "options")),
    post("/api/forwardMessage", 2, messages.forward, **_SEND),
    put("/api/star", 2, changes.star, **_CHANGE),
    post("/api/sendSticker", 2, files.sticker, **_SEND_FILE),
    post("/api/send/link-custom-preview", 2, messages.custom_preview, **_SEND_TEXT, takes_files=True),
    post("/api/sendLinkPreview", 2, messages.link_preview, **_SEND),
    get("/api/{session}/new-message-id", 2, account.new_message_id),
    post("/api/sendButtons", 3, Missing("Sending buttons"), **_SEND),
    post("/api/sendList", 3, Missing("Sending lists"), **_SEND),
    post("/api/send/buttons/reply", 3, Missing("Replying to buttons"), **_SEND),
    post("/api/sendPollVote", 3, Missing("Voting in polls"), **_SEND),
    post("/api/{session}/events", 3, Missing("Sending events"), **_SEND),
)

CHATS = (
    get("/api/messages", 1, chats.messages),
    get("/api/{session}/chats", 1, chats.chats),
    get("/api/{session}/chats/overview", 1, chats.overview),
    post("/api/{session}/chats/overview", 1, chats.overview),
    get(f"{_C}/picture", 1, chats.picture),
    get(f"{_C}/messages", 1, chats.messages),
    post(f"{_C}/messages/read", 1, changes.seen, **_CHANGE),
    get(f"{_C}/messages/{{messageId}}", 1, chats.message),
    put(f"{_C}/messages/{{messageId}}", 1, changes.edit, **_CHANGE),
    delete(f"{_C}/messages/{{messageId}}", 1, changes.delete, **_CHANGE),
    post(f"{_C}/messages/{{messageId}}/pin", 2, changes.pin, **_CHANGE),
    post(f"{_C}/messages/{{messageId}}/unpin", 2, changes.unpin, **_CHANGE),
    post(f"{_C}/archive", 2, chats.archive, **_CHANGE),
    post(f"{_C}/unarchive", 2, chats.unarchive, **_CHANGE),
    post(f"{_C}/unread", 2, changes.unread, **_CHANGE),
    delete(_C, 2, chats.delete, **_CHANGE),
    delete(f"{_C}/messages", 2, chats.clear, **_CHANGE),
)

PEOPLE = (
    get("/api/contacts/check-exists", 1, people.check_exists),
    get("/api/checkNumberStatus", 1, people.check_exists),
    get("/api/contacts/all", 1, people.contacts),
    get("/api/contacts", 1, people.contact),
    get("/api/contacts/about", 1, people.about),
    get("/api/contacts/profile-picture", 1, people.picture),
    post("/api/contacts/block", 2, people.block, **_CHANGE),
    post("/api/contacts/unblock", 2, people.unblock, **_CHANGE),
    get("/api/{session}/contacts/{id}", 2, people.contact),
    put("/api/{session}/contacts/{id}", 2, people.name, **_CHANGE),
    get("/api/{session}/lids", 2, people.lids),
    get("/api/{session}/lids/count", 2, people.lids_count),
    get("/api/{session}/lids/pn/{phoneNumber}", 1, people.by_number),
    get("/api/{session}/lids/{lid}", 1, people.by_lid),
    post("/api/{session}/presence", 1, changes.show_presence, **_CHANGE),
    get("/api/{session}/presence", 2, changes.presences),
    get("/api/{session}/presence/{chatId}", 2, changes.presence, **_CHANGE),
    post("/api/{session}/presence/{chatId}/subscribe", 2, changes.subscribe, **_CHANGE),
    post("/api/{session}/calls/reject", 2, account.reject_call, **_CHANGE),
)

GROUPS = (
    post(_G, 1, groups.create, **_SET),
    get(_G, 1, groups.groups),
    get(f"{_G}/count", 1, groups.count),
    get(f"{_G}/join-info", 2, groups.join_info),
    post(f"{_G}/join", 2, groups.join, **_SET),
    post(f"{_G}/refresh", 2, groups.refresh),
    get(_P, 1, groups.group),
    delete(_P, 2, groups.delete, **_SET),
    post(f"{_P}/leave", 1, groups.leave, **_SET),
    get(f"{_P}/picture", 2, groups.picture),
    put(f"{_P}/picture", 2, groups.set_picture, **_SET, takes_files=True),
    delete(f"{_P}/picture", 2, groups.delete_picture, **_SET),
    put(f"{_P}/subject", 1, groups.subject, **_SET),
    put(f"{_P}/description", 1, groups.description, **_SET),
    get(f"{_SECURITY}/messages-admin-only", 1, groups.messages_admin_only),
    put(f"{_SECURITY}/messages-admin-only", 1, groups.set_messages_admin_only, **_SET),
    get(f"{_SECURITY}/info-admin-only", 2, groups.info_admin_only),
    put(f"{_SECURITY}/info-admin-only", 2, groups.set_info_admin_only, **_SET),
    get(f"{_P}/invite-code", 1, groups.invite_code),
    post(f"{_P}/invite-code/revoke", 2, groups.revoke_invite_code, **_SET),
    get(f"{_P}/participants", 1, groups.participants),
    get(f"{_P}/participants/v2", 1, groups.participants_with_roles),
    post(f"{_P}/participants/add", 1, groups.add, **_SET),
    post(f"{_P}/participants/remove", 1, groups.remove, **_SET),
    post(f"{_P}/admin/promote", 1, groups.promote, **_SET),
    post(f"{_P}/admin/demote", 1, groups.demote, **_SET),
    get(f"{_P}/participants/join-requests", 2, groups.join_requests),
    post(f"{_P}/participants/join-requests/approve", 2, groups.approve, **_SET),
    post(f"{_P}/participants/join-requests/reject", 2, groups.reject, **_SET),
    *(
        make(f"{_SECURITY}/{name}", 3, Missing(what))
        for name, what in (
            ("member-add-mode", "Who may add members"),
            ("member-share-history-mode", "Sharing the history with new members"),
            ("membership-approval", "Approval of members"),
        )
        for make in (get, put)
    ),
)

ACCOUNT = (
    get("/api/{session}/profile", 2, account.profile),
    put("/api/{session}/profile/name", 2, account.set_name, **_SET),
    put("/api/{session}/profile/status", 2, account.set_about, **_SET),
    put("/api/{session}/profile/picture", 2, account.set_picture, **_SET, takes_files=True),
    delete("/api/{session}/profile/picture", 2, account.delete_picture, **_SET),
    get("/api/{session}/labels", 2, account.labels),
    post("/api/{session}/labels", 2, account.create_label, **_SET),
    put("/api/{session}/labels/{labelId}", 2, account.change_label, **_SET),
    delete("/api/{session}/labels/{labelId}", 2, account.delete_label, **_SET),
    get("/api/{session}/labels/chats/{chatId}", 2, account.labels_of_chat),
    put("/api/{session}/labels/chats/{chatId}", 2, account.set_labels_of_chat, **_SET),
    get("/api/{session}/labels/{labelId}/chats", 2, account.chats_of_label),
    post("/api/{session}/status/text", 2, account.post_text, **_SEND, contents=("text", "contacts")),
    post("/api/{session}/status/image", 2, files.image_status, **_POST_FILE),
    post("/api/{session}/status/video", 2, files.video_status, **_POST_FILE),
    post("/api/{session}/status/delete", 2, account.delete_status, **_CHANGE),
    get("/api/{session}/status/new-message-id", 2, account.new_message_id),
    post("/api/{session}/status/voice", 3, Missing("A voice message as a status"), **_SEND),
    post("/api/{session}/media/convert/voice", 2, files.convert_voice, scope=Scope.SEND, expects=(), takes_files=True),
    post("/api/{session}/media/convert/video", 2, files.convert_video, scope=Scope.SEND, expects=(), takes_files=True),
)

KEYS = (
    get("/api/keys", 2, keys.listed, **_KEYS),
    post("/api/keys", 2, keys.create, **_KEYS),
    post("/api/keys/media", 2, keys.create_for_media, **_KEYS),
    post("/api/keys/control", 2, keys.create_for_control, **_KEYS),
    put("/api/keys/{id}", 2, keys.update, **_KEYS),
    delete("/api/keys/{id}", 2, keys.delete, **_KEYS),
)

_PASSKEY, _CHANNELS = Missing("Pairing by passkey"), Missing("Channels")
_CHANNEL = "/api/{session}/channels"
_PROFILER, _APPS = Missing("The service's own inside"), Missing("Apps beside WhatsApp")
_PHONES = ("argentine-phone-numbers", "brazilian-phone-numbers", "mexican-phone-numbers", "phone-numbers")

REFUSED = (
    get("/api/{session}/auth/passkey/challenge", 3, _PASSKEY),
    post("/api/{session}/auth/passkey", 3, _PASSKEY),
    get("/api/{session}/auth/passkey/confirmation", 3, _PASSKEY),
    post("/api/{session}/auth/passkey/confirm", 3, _PASSKEY),
    get("/api/sessions/{session}/capping", 3, Missing("Limits of messages")),
    get("/api/sessions/{session}/timelock", 3, Missing("The time lock of first messages")),
    get(_CHANNEL, 3, _CHANNELS),
    post(_CHANNEL, 3, _CHANNELS),
    post(f"{_CHANNEL}/search/by-view", 3, _CHANNELS),
    post(f"{_CHANNEL}/search/by-text", 3, _CHANNELS),
    get(f"{_CHANNEL}/search/views", 3, _CHANNELS),
    get(f"{_CHANNEL}/search/countries", 3, _CHANNELS),
    get(f"{_CHANNEL}/search/categories", 3, _CHANNELS),
    get(f"{_CHANNEL}/{{id}}", 3, _CHANNELS),
    delete(f"{_CHANNEL}/{{id}}", 3, _CHANNELS),
    get(f"{_CHANNEL}/{{id}}/messages/preview", 3, _CHANNELS),
    *(post(f"{_CHANNEL}/{{id}}/{verb}", 3, _CHANNELS) for verb in ("follow", "unfollow", "mute", "unmute")),
    get("/api/server/environment", 3, _PROFILER, **_SESSION),
    post("/api/server/stop", 3, Missing("Stopping the service by a call"), **_SESSION),
    get("/api/server/debug/cpu", 3, _PROFILER, **_SESSION),
    get("/api/server/debug/heapsnapshot", 3, _PROFILER, **_SESSION),
    get("/api/server/debug/browser/trace/{session}", 3, _PROFILER, **_SESSION),
    get("/api/apps", 3, _APPS, **_SESSION),
    post("/api/apps", 3, _APPS, **_SESSION),
    *(
        make(f"/api/apps/{name}/{{session}}/cache/{what}", 3, _APPS, **_SESSION)
        for name in _PHONES
        for what, make in (("memory", get), ("db", get), ("stats", get), ("purge", delete))
    ),
    post("/api/apps/{id}/purge", 3, _APPS, **_SESSION),
    post("/api/apps/{app}/{session}/purge", 3, _APPS, **_SESSION),
    get("/api/apps/{id}", 3, _APPS, **_SESSION),
    put("/api/apps/{id}", 3, _APPS, **_SESSION),
    delete("/api/apps/{id}", 3, _APPS, **_SESSION),
    post("/mcp", 3, Missing("MCP"), **_SESSION),
)

FILES = (get("/api/files/{session}/{file}", 0, files.serve, expects=(), key_in_query=True),)
"""Files of messages, as their events name them. They are no call of WAHA's document."""

ALIASES = (
    post("/api/groups", 0, groups.create, **_SET),
    get("/api/presence", 0, changes.presence, **_CHANGE),
    get("/api/chats", 0, chats.chats),
)
"""Calls that an SDK (`waha`) makes and WAHA never had: cheap to answer. They have no tier."""

WAHA_CALLS: tuple[WahaCall, ...] = (
    *SERVER,
    *SESSIONS,
    *KEYS,
    *MESSAGES,
    *CHATS,
    *PEOPLE,
    *GROUPS,
    *ACCOUNT,
    *REFUSED,
    *FILES,
    *ALIASES,
)
