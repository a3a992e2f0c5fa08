"""An amqtt broker as a process of its own: PORT [USERNAME PASSWORD]."""

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from amqtt.broker import Broker
from pwdlib.hashers.argon2 import Argon2Hasher


async def serve(port: int, login: list[str], folder: Path) -> None:
    """Runs until the process is ended."""
    auth: dict[str, object] = {
        "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": not login}
    }
    if login:
        passwords = folder / "passwords"
        passwords.write_text(f"{login[0]}:{Argon2Hasher().hash(login[1])}\n")
        auth = {
            "amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(passwords)},
        }
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": auth,
    }
    await Broker(config).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.disable()
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(serve(int(sys.argv[1]), sys.argv[2:], Path(place)))
