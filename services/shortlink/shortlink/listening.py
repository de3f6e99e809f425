"""The socket that all processes of the service listen on."""

import socket

from shortlink.problems import ConfigurationError, Problem

_BACKLOG = 1024


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; raises ConfigurationError where that cannot be.

    uvicorn would find that out too, and end with words and an exit code of its own.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, port))
        one.listen(_BACKLOG)
    except OSError as error:
        one.close()
        found = f"{host} port {port}: {error.strerror or error}"
        advice = "change PORT or HOST, or end what listens there"
        expected = "a port that is free, on an address of this machine"
        raise ConfigurationError([Problem("PORT", expected, found, advice)]) from error
    one.set_inheritable(True)
    return one
