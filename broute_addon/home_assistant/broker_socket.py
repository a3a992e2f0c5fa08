"""A socket to the broker, opened without ever blocking the loop: cancelled, it is gone at once."""

import asyncio
import os
import socket
import ssl
from pathlib import Path

from broute_addon.errors import MqttError
from broute_addon.messages import message

CONNECT_TIMEOUT_S = 10.0  # for name and TCP together, and again for TLS


async def open_socket(host: str, port: int, *, tls: bool, ca_file: Path | None) -> socket.socket:
    """TCP, and TLS where asked for. Raises MqttError.

    `ca_file` replaces the system's certificate authorities.
    """
    where = {"host": host, "port": port}
    context = _tls_context(ca_file) if tls else None
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            sock = await _connect_tcp(host, port)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise MqttError(message("mqtt_unreachable", **where, reason=_why(error))) from None
    if context is None:
        return sock
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await _start_tls(context, sock, host)
    except (OSError, ValueError, TimeoutError) as error:
        raise MqttError(message("mqtt_tls_failed", **where, reason=_why(error))) from None


async def _connect_tcp(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    error: OSError | None = None
    for family, kind, protocol, _, where in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, where)
        except OSError as failure:
            sock.close()
            error = failure
        except BaseException:
            sock.close()
            raise
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise error or OSError("no address")


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        reason = _why(error)
        raise MqttError(message("mqtt_ca_unreadable", path=ca_file, reason=reason)) from None
    if ca_file is not None:
        # Python 3.13 asks for extensions that a household's own authority rarely has.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


async def _start_tls(context: ssl.SSLContext, sock: socket.socket, host: str) -> ssl.SSLSocket:
    try:
        secure = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    except BaseException:
        sock.close()
        raise
    try:
        while True:
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(secure, to_write=False)
            except ssl.SSLWantWriteError:
                await _ready(secure, to_write=True)
            else:
                return secure
    except BaseException:
        secure.close()
        raise


async def _ready(sock: socket.socket, *, to_write: bool) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    add, remove = (
        (loop.add_writer, loop.remove_writer) if to_write else (loop.add_reader, loop.remove_reader)
    )
    add(sock, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        remove(sock)


def _why(error: Exception) -> str:
    """A short reason without addresses or paths of ours."""
    match error:
        case TimeoutError():
            return "no answer"
        case ssl.SSLCertVerificationError():
            return error.verify_message
        case ssl.SSLError():
            return error.reason or "TLS error"
        case socket.gaierror():
            return "unknown name"
        case OSError():
            return os.strerror(error.errno) if error.errno else type(error).__name__
        case _:
            return type(error).__name__
