"""A simulated WhatsApp Web with virtual phones. A program of its own: `python -m sandbox`.

world        accounts, devices, phones, messages: plain data
settings     settings that can be changed while it runs
scene        one running sandbox: world, settings, open pages, waiting requests
pairing      QR codes, scans, pairing codes
login        logins and their ends
messages     messages in both directions, exactly once per id, and their acknowledgements
changes      what an account does to earlier messages
groups       groups, for pages and phones; group_chat: a group as data
composing    the messages that a phone writes
acts         the requests of a page to WhatsApp's server besides messages
account      what an account has besides messages
page_socket  the WebSocket of a page
control      the HTTP API that tests and people use (faults: those of accounts; answers: requests and responses)
visitors     the check of callers
state        what is kept over a restart
app          the Starlette application
static       page/: WhatsApp Web as wa-js sees it; phones/: the phones for people

Two more programs: `protocol`, a mock of WhatsApp's server; `live`, WhatsApp's own page in front of that mock.
"""
