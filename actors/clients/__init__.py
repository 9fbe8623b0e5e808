"""The clients: the domain. What is outside of it is behind ports.

types          the words of the domain
protocol       the messages of clients, supervisor and pages
operations     what a client can be asked to do, one declaration each
events         what happens to an account, one declaration each
lifecycle      the life of a client as tables
client         the actor of one client
supervisor     the actor that starts, ends and restarts clients
turns          the turns to launch, and those who wait
pages          the pages of a client, present and left
pending        the open questions of callers
status_board   the public state, and the notices of its changes
health         probes, memory and the server's answer
bans           the inference of a ban
updates        planned reloads
policy         the operator's rules
ports          the browser, the journal and the sessions, as clients see them
errors         the refusals
correlation    the call that caused a change
registry       what others may read of clients without asking
page_contract  which names of WhatsApp Web a page has
canary         what all pages have and lack
receipts       whether receipts still come
"""
