"""Chromium with WhatsApp Web in it, behind the ports of `actors.clients`; and a fake behind the same ports.

browser         the Browser port: all pages, in one loop thread
page            the Page port: one page in a Chromium of its own
launch          the life of one page, from its turn on the profile to the end of the last process
loop            the thread that all pages share
cdp             the debugging connection to one page
request_gate    the documents that a page may open, and the proxy's question
documents       what else may answer in place of WhatsApp Web
page_events     the events of one page, as facts
interpreter     the meaning of a page's events, by the tables
whatsapp_web    the tables: states, events and codes of WhatsApp Web
wa_js           wa-js, and the script that is put into every document (`scripts`)
contract        the names of WhatsApp Web that the script needs
orders          operations as orders to a page, with their files
send_queue      outgoing messages of one page, in order
chromium        Chromium as a program
profiles        the profile directories, and the logins in them
process_record  the record that proves which Chromium is ours
orphans         what earlier services left behind
options         the options of running Chromium
unpaired_page   a check without a phone, for `doctor`
live_check      a check against a mock of WhatsApp's server, for `doctor --live`
fake            the same ports without Chromium
"""
