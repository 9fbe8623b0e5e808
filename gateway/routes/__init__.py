"""Handlers, one module a family: each asks the bridge and fills in an answer.

health    GET /health
clients   POST /init, GET /clients, POST /logout, DELETE /session/{clienteId}
status    GET /status
qr        GET /qr, GET /qr-code, POST /pairing-code
messages  POST /send
"""
