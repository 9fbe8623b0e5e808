"""The names in requests, answers and events that mean the same everywhere, each described once.

What a field of one shape means stands beneath the field, as its docstring, and comes first. Here stand the names that
many shapes share, and the fields of shapes that are made of operations or of events' declarations.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.schemas.messages import CONTENTS

PARAMETERS: Mapping[str, str] = {
    "call": "The id of the call, from the event `call`.",
    "chat": "The chat: a phone number, or its id (`…@c.us`, `…@g.us`, `…@lid`).",
    "code": "The end of an invite link: what follows `https://chat.whatsapp.com/`.",
    "contact": "The person: a phone number, or an id (`…@c.us`, `…@lid`).",
    "group": "The id of the group, such as `120363025246125486@g.us`.",
    "id": "The person or group: a phone number, or an id (`…@c.us`, `…@g.us`, `…@lid`).",
    "label": "The number of the label.",
    "limit": "How many to return at most.",
    "message": "The id of the message: bare (`3EB08C71681806719847D6`) or full (`false_5491122334455@c.us_3EB0…`).",
    "number": "The phone number, with its country's code, however it is written.",
    "offset": "How many come before those that are wanted.",
}
"""Parts of paths, and names in queries."""

_CONTENTS: Mapping[str, str] = {
    "message": "A text.",
    "location": "A place on the map.",
    "contacts": "Contact cards.",
    "poll": "A poll.",
    "forward": "An earlier message, with its file and caption.",
    "image": "A picture.",
    "document": "A file of any type, under its name.",
    "video": "A video (H.264 in MP4).",
    "voice": "A voice message. Phones play Opus in Ogg.",
    "video_note": "A video as a round note.",
    "sticker": "A sticker (WebP).",
}
assert [*_CONTENTS] == [*CONTENTS]

PROPERTIES: Mapping[str, str] = {
    "success": "True: it is done. Errors have a shape of their own.",
    "cliente_id": "The client's number.",
    "message": "What was done, as a sentence.",
    "state": "The client's state.",
    "phone": "The phone number of the person or chat, digits only; null where it is not known.",
    "lid": "The hidden number (LID) of the person or chat, `…@lid`; null where it is not known.",
    "webhook_id": "The webhook's id (a ULID).",
    "consumer": "The reader's own name for itself.",
    # Files
    "digest": "The SHA-256 of the file, in hexadecimal digits. It names the file in a later message.",
    "size": "Its size in bytes.",
    "mimetype": "Its type.",
    "filename": "Its name, as the receiver sees it.",
    "caption": "The text under it.",
    "picture": "The picture: a file, by `url`, `data` or `digest`.",
    "file": "The file: by `url`, `data` or `digest`, or as a part of the body.",
    # Contents and options of messages
    "view_once": "True: the receiver can open it once.",
    "gif": "True: it plays by itself, over and over, without sound.",
    "latitude": "Degrees north of the equator.",
    "longitude": "Degrees east of Greenwich.",
    "address": "The address that is shown below the name.",
    "subject": "The group's subject: the name that everybody sees.",
    # What pages report
    "live": "False if it was found in the page after a start: it happened while nobody listened.",
    "version": "The version of WhatsApp Web.",
    "wa_js": "The version of wa-js.",
    "video": "True for a video call.",
    "group": "True for a call to a group.",
}
"""Names of properties."""

EVENTS: Mapping[str, str] = {
    "account.changed.held": "How many messages wait from now on, because they were accepted for another account.",
    "account.changed.lid": "The account's hidden number (LID).",
    "account.changed.phone": "The account's own number, digits only.",
    "account.changed.previous_lid": "The hidden number (LID) of the account before.",
    "account.changed.previous_phone": "The number of the account before.",
    "account.changed.resumed": "How many messages go on, because their account is back.",
    "account.changed.unknown": "How many messages were under way.",
    "call.id": "The id of the call.",
    "call.logged.duration": "How long it lasted, in seconds.",
    "call.logged.outcome": "WhatsApp's word: `Completed`, `Missed`, `Rejected`, `Canceled`, `AcceptedElsewhere`, "
    "`Failed`, `Unknown`, or `Ongoing` while it lasts.",
    "call.rejected.id": "The id of the call.",
    "chat.archive.archived": "True: into the archive; false: out of it.",
    "chat.read.unread": "True if it was marked as unread.",
    "client.qr.expires_at": "Until when the QR can be scanned, in epoch seconds.",
    "client.restricted.kind": "WhatsApp's word for the restriction.",
    "client.restricted.known_chats": "Whether chats that others have written in may still be written to; null where "
    "the page does not tell.",
    "client.restricted.restricted": "False when the restriction ends.",
    "client.restricted.until": "Until when, in epoch seconds; null where WhatsApp does not say.",
    "client.state.previous_state": "The state before.",
    "client.state.reason": "The reason, where one is known.",
    "client.state.reason_text": "The reason as a sentence.",
    "contact.number_changed.people": "The addresses that WhatsApp's notice names, in its order.",
    "group.changed.change": "WhatsApp's word for the change: `create`, `add`, `remove`, `leave`, `promote`, `demote`, "
    "`subject`, `description`, `picture`, `announce`, `restrict` and more.",
    "group.changed.me": "True if the account is one of those whom it concerns.",
    "group.changed.participants": "Whom it concerns, with both of their addresses.",
    "group.changed.people": "Whom it concerns, as WhatsApp names them in the group.",
    "group.changed.value": "The new subject or description.",
    "label.changed.color": "Its place among WhatsApp's colours.",
    "label.changed.deleted": "True if the label was deleted.",
    "label.changed.hex": "The colour itself.",
    "label.changed.id": "The label's number.",
    "label.changed.name": "The label's name.",
    "label.chat.added": "False if the label was taken off.",
    "label.chat.label": "The label's number.",
    "label.chat.name": "The label's name.",
    "message.edited.body": "The new text.",
    "message.edited.t": "When it was edited, in epoch seconds.",
    "message.reaction.reaction": "The emoji; empty when the reaction was removed.",
    "message.state.id": "The id that `POST /messages` returned.",
    "message.state.message_id": "The message's id at WhatsApp.",
    "message.state.previous_state": "The state before; null for a message that was just accepted.",
    "message.state.reason": "Why it is in its state, where there is something to say.",
    "message.state.state": "The state of the message, as in `GET /messages/{id}`.",
    "poll.vote.choices": "The texts of all options that the person has chosen now; empty takes the vote back.",
    "presence.online": "True if the person is online; null in a group.",
    "presence.state": "`available`, `unavailable`, `typing`, `recording` or `unknown`.",
    "whatsapp.changed.generation": "Which of WhatsApp Web's two generations of pages it is.",
    "whatsapp.changed.previous_version": "The version before; null for the first.",
    "whatsapp.changed.push_phase": "WhatsApp's word for the stage of the version's release.",
    "whatsapp.drifted.back": "What is there again.",
    "whatsapp.drifted.can_send_messages": "False if messages cannot be sent without what is missing.",
    "whatsapp.drifted.gone": "What is missing now, and was there before.",
    "whatsapp.drifted.lost": "What does not work without what is missing.",
    "whatsapp.drifted.missing": "All that is missing.",
}
"""Fields of one type of event, as `<type>.<field>`."""

PARTS: Mapping[str, str] = {
    "contacts.name": "The name on the card.",
    "contacts.vcard": "The card as a vCard.",
    "location.address": "The address that is shown below the name.",
    "location.live": "True if it follows the sender.",
    "location.name": "The name of the place.",
    "location.url": "A link that was sent with it.",
    "media.duration": "How long it plays, in seconds.",
    "media.error": "Why the file is not served.",
    "media.filename": "Its name.",
    "media.url": "Where this service serves it.",
    "participants.id": "The person as WhatsApp names him in the group.",
    "poll.name": "The question.",
    "poll.options": "The texts of its options.",
    "poll.selectable": "How many options one may choose; 0 for all.",
    "quoted.author": "Who wrote it.",
    "quoted.id": "Its full id at WhatsApp; null where the page no longer has the message.",
    "reply.id": "The id of the choice.",
    "reply.text": "The text of the choice.",
}
"""Parts of an event's field that is an object, or a list of them, as `<field>.<part>`."""

SHAPES: Mapping[str, str] = {
    **{f"{model}.{name}": text for model in ("MessageRequest", "MessageAnswer") for name, text in _CONTENTS.items()},
}
"""The contents of a message, as `<class>.<field>`."""

CODES: Mapping[str, str] = {
    "BAD_REQUEST": "The request is no valid HTTP.",
    "CAPACITY_EXCEEDED": "The service runs as many clients as it may: stop one, or raise SM_MAX_CLIENTS.",
    "CHAT_NOT_FOUND": "The account has no such chat.",
    "CLIENT_NOT_FOUND": "There is no such client: POST /init starts one.",
    "CONSUMER_DIFFERS": "The consumer was made for other clients or types: use another name for these.",
    "CONSUMER_NOT_FOUND": "There is no such consumer: its first GET /events/next makes it.",
    "CONVERSION_FAILED": "The file cannot be converted.",
    "CONVERSION_UNAVAILABLE": "This host has no ffmpeg, which converts files.",
    "DEAD_LETTER_NOT_FOUND": "The webhook has no such dead letter.",
    "DELETE_FAILED": "What is stored of the client could not be deleted: try again.",
    "FORBIDDEN": "The key may not do this, or not for this client; or a page of another origin calls.",
    "IDEMPOTENCY_KEY_REUSED": "The Idempotency-Key belongs to another message: use a new one.",
    "INITIALIZATION_FAILED": "The client could not be started: the message says why.",
    "INITIALIZATION_IN_PROGRESS": "A start is under way: read GET /status.",
    "INITIALIZATION_OVERTAKEN": "The client was stopped or deleted while it started: POST /init starts it again.",
    "INVALID_HEADER": "X-Cliente-Id is not a number from 1 to 2147483647.",
    "INVALID_REQUEST": "A field or a parameter is wrong: the message says which, and what it should be.",
    "KEY_NOT_FOUND": "There is no such key.",
    "KEY_REFUSED": "Nobody could change keys any more after this: the message says what to do instead.",
    "LOGOUT_FAILED": "WhatsApp did not confirm the logout: try again.",
    "MEDIA_FULL": "The disk has no room for the file: free some space.",
    "MEDIA_NOT_FOUND": "There is no such file: it was never here, or its time is over.",
    "MEDIA_REFUSED": "The file, or its address, is not taken: the message says why.",
    "MEDIA_UNAVAILABLE": "WhatsApp does not give the message's file, or it has none.",
    "MEDIA_UNREACHABLE": "The file's address could not be fetched.",
    "MESSAGE_NOT_FOUND": "There is no such message.",
    "MESSAGE_NOT_HELD": "The message is not held for another account: there is nothing to release.",
    "MESSAGE_NOT_QUEUED": "The message is not queued any more: it cannot be cancelled.",
    "MISDIRECTED_REQUEST": "The service does not serve this host name: see SM_ALLOWED_HOSTS.",
    "MISSING_HEADER": "X-Cliente-Id, which says the client, is missing.",
    "NAME_TAKEN": "Another client has this name.",
    "NEVER_LINKED": "The client has no account: link one first.",
    "NO_ANSWER": "The client did not answer in time: read its status, then try again.",
    "OPERATION_REFUSED": "WhatsApp refused it, and nothing was done: `reason` is its own word.",
    "OPERATION_UNANSWERED": "WhatsApp did not answer, and nothing was done: try again.",
    "OPERATION_UNKNOWN": "It may have been done: WhatsApp did not answer. Look before you try again.",
    "OUTBOX_FULL": "Too many messages of the client wait: try again after `retry_after_seconds`.",
    "OVERLOADED": "The service has too much to do: try again after `retry_after_seconds`.",
    "PAIRING_UNAVAILABLE": "WhatsApp gives no code now: the message says why.",
    "PAYLOAD_TOO_LARGE": "The body, or a file, is larger than it may be.",
    "RATE_LIMIT_EXCEEDED": "Too many calls: try again after `retry_after_seconds`.",
    "RECEIPT_NOT_FOUND": "There is no such receipt.",
    "REQUEST_HEADER_FIELDS_TOO_LARGE": "The headers are larger than they may be.",
    "REQUEST_TIMEOUT": "The body did not arrive in time.",
    "SEND_FAILED": "The message was not sent. If `outcome` is `unknown`, it may have been: read GET /messages/{id}.",
    "SESSION_NOT_READY": "The client is not READY: GET /status says what to do.",
    "SHUTTING_DOWN": "The service is ending: try again after `retry_after_seconds`.",
    "STARTING": "The service has just started: try again after `retry_after_seconds`.",
    "STORE_UNAVAILABLE": "The database does not answer: try again after `retry_after_seconds`.",
    "TOO_MANY_CONSUMERS": "The key has as many consumers as it may.",
    "UNAUTHORIZED": "The key is missing or unknown: send it as X-Api-Key, or as Authorization: Bearer.",
    "WEBHOOK_EXISTS": "There is a webhook with this address and these events, and other options: change that one.",
    "WEBHOOK_NOT_FOUND": "There is no such webhook.",
}
"""Codes of errors: what each means, and what to do."""
