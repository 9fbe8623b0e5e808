"""WhatsApp's own page in front of the mock of its server: the other end of `session-manager doctor --live`.

It gives a Chromium the page from a directory, or from WhatsApp, and puts our root key in the place of WhatsApp's in the
page's scripts, so that the page takes the mock of `sandbox.protocol` for its server. No account is involved. It was
never run on the live service: only with a page of the tests that speaks the same protocol, and with WhatsApp's page
code of August 2026 as far as docs/canary.md says.
"""
