"""The shapes of requests and answers, from which the OpenAPI document is made too.

shape     what all are made of; errors
clients   pairing   messages   events   webhooks   keys   service
"""
