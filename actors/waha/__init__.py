"""WAHA's words for what happens here: statuses, messages, events, and the envelope of an event. Pure.

statuses   our states as WAHA's statuses
messages   a message as WAHA's WAMessage, addresses, acknowledgements
events     the table of its events, made of ours
envelope   the body of a webhook and the text of its WebSocket

WAHA is the WhatsApp HTTP API (https://waha.devlike.pro). Its calls are in `gateway.waha`.
"""
