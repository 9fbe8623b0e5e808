"""The HTTP side: it turns requests into messages to actors, and answers into JSON. It decides nothing.

cli             the command line
server          one uvicorn, its signals, its socket, and the order of start and stop
app             the application: the context of handlers, and the layers around every request
access_log      the outermost layer: each request's id, its line in the log, its time
security        keys and scopes, rates, origins, connections
prefix          the path below which a proxy puts the service
api             the table of calls
operation_calls the part of the table that operations of clients answer
calls           a row of the table, and the route made of it
waha            the second face: WAHA's calls, over the same operations and services
openapi         the OpenAPI document, made of the table, each part with its text and an example; docs: its pages
routes          the handlers, one module per family
schemas         the shapes of requests and answers
service         messages to actors: the bridge to clients, the outbox, webhooks, configurations
files           files over HTTP, in both directions
streaming       events for readers: streams and long polls
http            the client header, bodies, queries, replies
json_text       JSON texts as callers write them, and their faults
unknown_names   names that a call does not have, and the nearest that it has
errors          the table of errors: exception -> answer
status_cache    the body of GET /status and its QR image, rendered once per change
readiness       the obstacles to the service's work
dashboard       the page for people
checklist       the check of a deployed service, in five phases
logs            the log: one line per event, without private data
"""
