"""The shapes of requests and answers, from which the description of the calls is made too.

shape     what all are made of; errors
clients   status   orders   history   pairing   messages   events   webhooks   keys   service
"""
