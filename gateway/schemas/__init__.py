"""The shapes of requests and answers, from which the OpenAPI document is made too.

shape     what all are made of; errors
clients   configs   pairing   messages   files   events   webhooks   keys   service
"""
