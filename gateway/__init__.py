"""The HTTP side: it turns requests into messages to actors, and answers into JSON. It decides nothing.

cli           the command line
server        one uvicorn, its signals, and the order in which things start and stop
listening     the socket
app           the application: tables of routes, errors, middleware
access        the outermost layer: each request's name, and its line in the log
admission     who may come in, how often, and through which door
routes        one module a family of routes
calls         from a request to a handler of a few lines
schemas       the shapes of requests and answers
bridge        the only place where asyncio meets actors; beside it, each for its own kind of call: outbox, webhooks
streaming     events on their way to readers, as they happen
identity      whose request it is
bodies        what callers send, whole and bounded
replies       what they get, as JSON
states        what callers are told about each state
pages         the body of GET /status, written once per change
qr            QR images, drawn once per code
errors        one table: exception -> answer
openapi       every call described, and the document made of it; docs: the pages that show it
dashboard     the page for people
checklist     a deploy, checked in five phases
readiness     whether work can be done, and what is in the way
notifying     what systemd is told
http_metrics  how long calls take, by route
tracing       W3C traces taken over
stacks        what every thread is at, in the log
logs          one line an event, nothing private in it
"""
