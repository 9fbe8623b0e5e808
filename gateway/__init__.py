"""The HTTP side: it turns requests into messages to actors, and answers into JSON. It decides nothing.

cli           the command line
server        one uvicorn, its signals, and the order in which things start and stop
listening     the socket
exposure      what the network sees: loopback only without a key, HTTPS, uvicorn's options
connections   how many, how slow, how large
app           the application: tables of routes, errors, middleware
access        the outermost layer: each request's name, and its line in the log
door          hosts, origins, proxies: what is refused before anything else looks at it
guard         before every call: who may, and how often
authority     scopes, and what each call needs
keys          API keys: drawn, recognised, revoked; offline_keys: without a running service
rate_limits   how often
routes        one module a family of routes
calls         from a request to a handler of a few lines
bridge        the only place where asyncio meets actors
identity      whose request it is
bodies        what callers send, whole and bounded
schemas       the shapes of requests and answers; key_shapes: of those about keys
states        what callers are told about each state
pages         the body of GET /status, written once per change
page_headers  what HTML answers forbid
qr            QR images, drawn once per code
errors        one table: exception -> answer
openapi       every call described, and the document made of it; docs: the pages that show it
readiness     whether work can be done, and what is in the way
http_metrics  how long calls take, by route
tracing       W3C traces taken over
stacks        what every thread is at, in the log
logs          one line an event, nothing private in it
"""
