"""A simulated WhatsApp Web with virtual phones. A program of its own: `python -m sandbox`.

world     accounts, devices, phones, messages: plain data
settings  settings that can be changed while it runs
scene     one running sandbox: world, settings, open pages, waiting requests
pairing   QR codes, scans, pairing codes
login     logins and their ends
post      messages in both directions, exactly once per id, and their acknowledgements
link      the WebSocket of a page
control   the HTTP API that tests and people use (fates: the faults of accounts; answers: requests and responses)
app       the Starlette application
static    page/: WhatsApp Web as wa-js sees it; phones/: the phones for people
"""
