"""The service as the gateway uses it: where asyncio meets actors. Everything runs on the gateway's event loop.

bridge     the supervisor and the clients
outbox     messages on their way out
webhooks   webhooks and their dead letters
configs    the configurations of clients
"""
