"""Runs the product where a name server never answers: asking it takes half a minute."""

import socket
import sys
import time
from typing import Any

_RESOLVE = socket.getaddrinfo


def slow(host: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as it comes
    if host == "broker.invalid":
        sys.stdout.write("asking the name server\n")
        time.sleep(30)
    return _RESOLVE(host, *arguments, **options)


if __name__ == "__main__":
    from broute_addon.__main__ import main

    setattr(socket, "getaddrinfo", slow)  # noqa: B010 - its own type is finer than we need
    sys.exit(main())
