"""The outbox: sends accepted messages, each once, over crashes of any part.

protocol        the messages of the dispatcher
dispatcher      Dispatcher: claims, sends and settles messages; expiry
client_queue    the state of one client's sending, and its pace
limits          WhatsApp's refusals, and their consequences for messages
uploads         slow uploads beside the queue, and failed ones
reconciliation  messages that were under way when a page was lost: looked up in the page, and settled
waiters         the callers that wait for a message
account_log     the log line of a client that is linked to another account
requests        requests to the store and to clients, without blocking
readiness       a journal that reports to the dispatcher which clients can send
"""
