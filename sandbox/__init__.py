"""A WhatsApp Web to play against, with virtual phones. A program of its own: `python -m sandbox`.

world     accounts, devices, phones, messages: plain data
settings  what can be set while it runs
scene     one running sandbox: world, settings, open pages, who waits for changes
pairing   QR codes, scans, pairing codes
login     who may be logged in, and what ends a login
post      messages in both directions, exactly once per id, and their acknowledgements
link      the WebSocket of a page
control   the HTTP API that tests and people use (fates: what befalls accounts; answers: requests read, answers written)
app       all of it as one Starlette application
static    page/: WhatsApp Web as wa-js sees it; phones/: the phones for people
"""
