"""The calls of WAHA (WhatsApp HTTP API), as a second table over the operations and services of the native one.

table      every call of WAHA, one row each, with its tier
calls      a row, and the route that is made of it: key, session, body, waiting, answer
given      the arguments of a request, read as leniently as WAHA reads them
answers    JSON, nothing at all, a bare text, a picture by the Accept header
errors     the table of errors, word for word where consumers match them
sessions   sessions: names of clients, their info, and their life
hooks      the webhooks of a session's configuration
socket     events over a WebSocket
face       requests for WAHA's paths go to its table, all others pass

The handlers are in `routes`, one module a subject. What WAHA calls its things is in `actors.waha`.
"""
