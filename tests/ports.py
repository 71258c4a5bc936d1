"""Ports for the servers of the tests."""

import random
import socket
from contextlib import suppress

#: Below the ports that systems give to outgoing connections (from 32768, or 49152), one of which could
#: take the port between the search and the start of the server, or connect to itself while we wait for it.
RANGE = range(20_000, 32_000)


def free_port() -> int:
    """A port of this computer that no program uses."""
    while True:
        port = random.SystemRandom().choice(RANGE)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
