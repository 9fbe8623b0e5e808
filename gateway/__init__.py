"""The HTTP side: it turns requests into messages to actors, and answers into JSON. It decides nothing.

cli           the command line
server        one uvicorn, its signals, its socket, and the order in which things start and stop
app           the application: what handlers work with, and what every request passes through
access_log    the outermost layer: each request's id, its line in the log, its time
security      who may call, how often, from where, and over which connections
api           the table of calls
calls         what a row of the table says, and the route that is made of it
openapi       the OpenAPI document, made of the table; docs: the pages that show it
routes        the handlers, one module a family
schemas       the shapes of requests and answers
service       messages to actors: the bridge to clients, the outbox, webhooks
streaming     events on their way to readers, as they happen
http          the client header, bodies, queries, replies
errors        one table: exception -> answer
status_cache  the body of GET /status and its QR image, rendered once per change
readiness     whether the service can work, and what is in the way
dashboard     the page for people
checklist     a deploy, checked in five phases
logs          one line an event, nothing private in it
"""
