"""Messages on their way out: from the promise on disk to WhatsApp's answer, over crashes of anything.

protocol     what the dispatcher understands
dispatcher   Dispatcher: the one actor that has accepted messages sent, one after the other per client
lane         what is under way for one client          pace        how fast its messages follow one another
look_ups     what was under way when a page was lost   evidence    what a look-up in the page proves (pure)
callers      what those who wait are told, and when    waiting     who waits for what
endings      what ends unsent                          neighbours  the store and the clients, asked without waiting
instants     when what waits for one is due, by a clock that may be set
cause        the call a message comes from, for the log
readiness    tells the dispatcher which clients may send
"""
