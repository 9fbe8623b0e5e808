"""The real service and the real sandbox as processes, for tests that look at them from outside.

processes  a Sandbox and a Service: started on free ports, ended by pid
forked     programs that begin with their libraries imported
clients    one client number as its consumers see it, and the sandbox phone that goes with it
"""

from tests.rig.clients import Consumer
from tests.rig.processes import Sandbox, Service, alive, chromiums, descendants, naming

__all__ = ["Consumer", "Sandbox", "Service", "alive", "chromiums", "descendants", "naming"]
