"""Runs an ASGI application on a socket that the supervisor opened: `python -m monitor.embedded.web APPLICATION FD`.

The port is taken once and never lost: while the web program starts again, new visitors wait instead of failing.
"""

import socket
import sys

import uvicorn


def main(application: str, descriptor: int) -> None:
    listener = socket.socket(fileno=descriptor)
    server = uvicorn.Server(
        uvicorn.Config(application, access_log=False, log_level="warning", lifespan="off", timeout_graceful_shutdown=5)
    )
    server.run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
