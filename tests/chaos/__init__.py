"""Every fault in turn, then many random ones, against the real service, real Chromium and the sandbox: `make chaos`.

arena     the service, the sandbox and the clients; what is looked at before and after a fault
faults    the table of faults: what is done, and what must become of the client
services  the table of ways in which the service itself ends
report    the table that is printed
"""
