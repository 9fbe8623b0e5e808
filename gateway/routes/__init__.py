"""Handlers, one module a family: each asks the bridge and fills in an answer.

health    GET /health
clients   POST /init, GET /clients, POST /logout, DELETE /session/{clienteId}
insight   GET /metrics, GET /ready, GET /clients/{id}/history, GET /clients/{id}/screenshot
docs      GET /openapi.json, GET /docs
status    GET /status
qr        GET /qr, GET /qr-code, POST /pairing-code
messages  POST /send
"""
