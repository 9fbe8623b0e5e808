"""Messages on their way out: from the promise on disk to WhatsApp's answer, over crashes of anything.

protocol        what the dispatcher understands
dispatcher      Dispatcher: the one actor that has accepted messages sent: claim, send, settle; and what ends unsent
client_queue    what is under way for one client, and how fast its messages follow one another
limits          what WhatsApp refuses a client, and what then becomes of its messages
reconciliation  what was under way when a page was lost: looked up in the page, and what that proves
waiters         what those who wait are told, and when
neighbours      the store and the clients, asked without waiting
readiness       tells the dispatcher which clients may send
"""
