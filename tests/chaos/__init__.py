"""Every fault in turn, then many random ones, against the real service, real Chromium and the sandbox: `make chaos`.

arena     the service, the sandbox and the clients; what is looked at before and after a fault
faults    the table of faults: what is done, and what must become of the client
services  the table of ways in which the service itself ends
surroundings  the table of what fails under all clients at once: the disk, WhatsApp
disk      a small file system that can be filled
shortage  a want of memory that the kernel ends by killing
report    the table that is printed
"""
