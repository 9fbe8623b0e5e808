"""Messages on their way out: from the promise on disk to WhatsApp's answer, over crashes of anything.

protocol     what the dispatcher understands
dispatcher   Dispatcher: the one actor that has accepted messages sent, one after the other per client
lane         what is under way for one client
evidence     what a look-up in the page proves (pure)
waiting      callers that wait for an outcome
readiness    tells the dispatcher which clients may send
"""
