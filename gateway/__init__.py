"""The HTTP side: it turns requests into messages to actors, and answers into JSON. It decides nothing.

cli        the command line
server     one uvicorn, its signals, and the order in which things start and stop
listening  the socket
app        the application: tables of routes, errors, middleware
access     the outermost layer: each request's name, and its line in the log
routes     one module a family of routes
calls      from a request to a handler of a few lines
bridge     the only place where asyncio meets actors
identity   whose request it is
bodies     what callers send, whole and bounded
schemas    the shapes of requests and answers
states     what callers are told about each state
pages      the body of GET /status, written once per change
qr         QR images, drawn once per code
errors     one table: exception -> answer
logs       one line an event, nothing private in it
"""
