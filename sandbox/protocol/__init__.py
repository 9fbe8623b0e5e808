"""A mock of WhatsApp's server that speaks its protocol, for clients other than the sandbox's own page.

It was never run against the live service: only with Baileys, which is a client made by others from what is publicly
known, and with WhatsApp's page code of August 2026 as far as docs/canary.md says.
It needs the extra `protocol` (`pip install 'session-manager[protocol]'`).
"""
