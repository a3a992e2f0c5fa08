"""The words of SKSTACK-IP: who knows them, how many arguments they take, what they do.

wisun-modules.md 2.3. `S` is the single-hop dialect, `D` the dual one. Words of the coordinator
and HAN side exist and fail with ER10: this simulated house has no such side.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broute_addon.simulator.air import link_local
from broute_addon.simulator.sk_values import SkError, exact_number, ipv6, mac, number

if TYPE_CHECKING:
    from broute_addon.simulator.skstack import SkStack

_LOOKUP_S = 0.1
_CREDENTIAL_LENGTHS = range(1, 33)

Handler = Callable[["SkStack", list[str]], None]


@dataclass(frozen=True, slots=True)
class Word:
    """A command: its handler and permitted argument counts; none: not in that dialect."""

    handler: Handler
    single: tuple[int, ...]
    dual: tuple[int, ...]


def _version(stack: "SkStack", _: list[str]) -> None:
    stack.ok(f"EVER {stack.module.version}")


def _application_version(stack: "SkStack", _: list[str]) -> None:
    if stack.module.application is None:
        raise SkError("ER04")
    stack.ok(f"EAPPVER {stack.module.application}")


def _info(stack: "SkStack", _: list[str]) -> None:
    radio = stack.radio
    last = "0" if stack.module.is_dual else "FFFE"
    place = f"{radio.channel:02X} {radio.pan_id:04X}"
    stack.ok(f"EINFO {radio.address} {radio.mac} {place} {last}")


def _register(stack: "SkStack", arguments: list[str]) -> None:
    name = arguments[0]
    if not name.startswith("S"):
        raise SkError("ER06")
    register = number(name[1:], 2)
    if len(arguments) == 1:
        stack.ok(f"ESREG {stack.registers.read(register)}")
    else:
        stack.registers.write(register, arguments[1])
        stack.ok()


def _password(stack: "SkStack", arguments: list[str]) -> None:
    length = number(arguments[0], 2)
    if length not in _CREDENTIAL_LENGTHS or len(arguments[1]) > length:
        raise SkError("ER06")
    stack.radio.password = arguments[1]
    stack.ok()


def _route_b_id(stack: "SkStack", arguments: list[str]) -> None:
    if len(arguments[0]) != 32:
        raise SkError("ER06")
    stack.radio.route_b_id = arguments[0]
    stack.registers.pairing_id = arguments[0][-8:]
    stack.ok()


def _psk(stack: "SkStack", arguments: list[str]) -> None:
    if arguments[0] != "10" or len(arguments[1]) != 32:
        raise SkError("ER06")
    stack.ok()


def _link_local(stack: "SkStack", arguments: list[str]) -> None:
    """The one command whose answer has no OK."""
    stack.answer(f"{link_local(mac(arguments[0]))}\r\n".encode(), _LOOKUP_S)


def _add_neighbor(stack: "SkStack", arguments: list[str]) -> None:
    mac(arguments[1])
    stack.radio.neighbors.add(ipv6(arguments[0]))
    stack.ok()


def _rejoin(stack: "SkStack", _: list[str]) -> None:
    if not stack.radio.is_joined:
        raise SkError("ER10")
    stack.ok(then=stack.radio.rejoin)


def _terminate(stack: "SkStack", _: list[str]) -> None:
    if not stack.radio.is_joined:
        raise SkError("ER10")
    stack.ok(then=stack.radio.terminate)


def _cut_send(_stack: "SkStack", _: list[str]) -> None:
    """SKSENDTO ended by a carriage return before its payload."""
    raise SkError("ER05")


def _ping(stack: "SkStack", arguments: list[str]) -> None:
    address = ipv6(arguments[-1])
    if stack.radio.is_joining:
        raise SkError("ER10")
    side = "0 " if stack.module.is_dual else ""
    stack.ok(
        then=lambda: stack.radio.ping(
            address, lambda: stack.print_line(f"EPONG {side}{address}\r\n".encode())
        )
    )


def _table(stack: "SkStack", arguments: list[str]) -> None:
    mode, radio, is_dual = number(arguments[0], 1), stack.radio, stack.module.is_dual
    quirk = ["3610", "0", "0", "0"] if stack.module.has_rev26e_quirks else []
    peer = radio.peer_mac
    tables: dict[int, list[str]] = {
        0x1: ["EADDR", radio.address],
        0x2: [
            "ENEIGHBOR",
            *(_neighbor(address, peer, is_dual) for address in sorted(radio.neighbors)),
        ],
        0xE: ["EPORT", *(str(port) for port in stack.ports), "", *quirk],
    }
    if is_dual:
        tables[0x9] = ["ENBR", *_neighbor_detail(stack)]
        tables[0xA] = ["ESEC"]
    else:
        tables[0xF] = ["EHANDLE"]
    if mode not in tables:
        raise SkError("ER06")
    stack.ok(*tables[mode])


def _neighbor(address: str, peer: str, is_dual: bool) -> str:
    return f"{address} {peer}" if is_dual else f"{address} {peer} FFFE"


def _neighbor_detail(stack: "SkStack") -> list[str]:
    radio = stack.radio
    if not radio.peer:
        return []
    return [
        radio.peer,
        "mode.RxOnIdle:1",
        "mode.Relay:0",
        f"security:{int(radio.is_joined)}",
        f"mac addr:{radio.peer_mac}",
        f"next hop:{radio.peer}",
        "frame counter:00000000",
        "auth cnt:0",
        "session id:00000000",
        "key id avp:00000000",
        "psk:" + "0" * 32,
        "",
    ]


def _udp_port(stack: "SkStack", arguments: list[str]) -> None:
    handle, port = number(arguments[0], 1), exact_number(arguments[1], 4)
    if not 1 <= handle <= 6 or port == 0xFFFF:
        raise SkError("ER06")
    others = [one for i, one in enumerate(stack.ports) if i != handle - 1]
    if port and port in others:
        raise SkError("ER10")
    stack.ports[handle - 1] = port
    stack.ok()


def _save(stack: "SkStack", _: list[str]) -> None:
    stack.flash.writes += 1
    stack.flash.registers = stack.registers.saved()
    stack.ok()


def _load(stack: "SkStack", _: list[str]) -> None:
    if stack.flash.registers is None:
        raise SkError("ER10")
    stack.registers.load(stack.flash.registers)
    stack.ok()


def _erase(stack: "SkStack", _: list[str]) -> None:
    stack.flash.writes += 1
    stack.flash.registers = None
    stack.ok()


def _deep_sleep(stack: "SkStack", _: list[str]) -> None:
    stack.ok(then=stack.sleep)


def _fine(stack: "SkStack", _: list[str]) -> None:
    stack.ok()


def _impossible(_stack: "SkStack", _: list[str]) -> None:
    raise SkError("ER10")


def _read_output(stack: "SkStack", _: list[str]) -> None:
    stack.answer(f"OK {int(stack.flash.hex_output):02X}\r".encode())


def _write_output(stack: "SkStack", arguments: list[str]) -> None:
    value = number(arguments[0], 2)
    stack.flash.writes += 1
    stack.flash.hex_output = bool(value & 1)
    stack.answer(b"OK\r")


def _read_uart(stack: "SkStack", _: list[str]) -> None:
    stack.answer(f"OK {stack.flash.uart:02X}\r".encode())


def _write_uart(stack: "SkStack", arguments: list[str]) -> None:
    value = number(arguments[0], 2)
    if value & 7 == 7:
        raise SkError("ER06")
    stack.flash.uart = value
    stack.flash.writes += 1
    stack.answer(b"OK\r")


def _reset(stack: "SkStack", _: list[str]) -> None:
    stack.reset()


def _scan(stack: "SkStack", arguments: list[str]) -> None:
    stack.scan(arguments)


def _join(stack: "SkStack", arguments: list[str]) -> None:
    address = ipv6(arguments[0])
    if not stack.radio.can_join:
        raise SkError("ER10")
    stack.ok(then=lambda: stack.radio.join(address))


PRODUCT_WORDS = frozenset({"ROPT", "WOPT", "RUART", "WUART"})

_ANY = tuple(range(8))

WORDS: dict[str, Word] = {
    "SKVER": Word(_version, (0,), (0,)),
    "SKAPPVER": Word(_application_version, (0,), (0,)),
    "SKINFO": Word(_info, (0,), (0,)),
    "SKSREG": Word(_register, (1, 2), (1, 2)),
    "SKRESET": Word(_reset, (0,), (0,)),
    "SKSETPWD": Word(_password, (2,), (2,)),
    "SKSETRBID": Word(_route_b_id, (1,), (1,)),
    "SKSETPSK": Word(_psk, (2,), (2,)),
    "SKSCAN": Word(_scan, (3,), (4,)),
    "SKLL64": Word(_link_local, (1,), (1,)),
    "SKADDNBR": Word(_add_neighbor, (2,), (2,)),
    "SKJOIN": Word(_join, (1,), (1,)),
    "SKREJOIN": Word(_rejoin, (0,), (0,)),
    "SKTERM": Word(_terminate, (0,), (0,)),
    "SKSENDTO": Word(_cut_send, (5,), (6,)),
    "SKPING": Word(_ping, (1,), (2,)),
    "SKTABLE": Word(_table, (1,), (1,)),
    "SKUDPPORT": Word(_udp_port, (2,), (2,)),
    "SKSAVE": Word(_save, (0,), (0,)),
    "SKLOAD": Word(_load, (0,), (0,)),
    "SKERASE": Word(_erase, (0,), (0,)),
    "SKDSLEEP": Word(_deep_sleep, (0,), (0,)),
    "SKRFLO": Word(_fine, (), (1,)),
    "SKRMDEV": Word(_fine, (1,), (1,)),
    "SKSTART": Word(_impossible, (), _ANY),
    "SKJOINFOR": Word(_impossible, (), _ANY),
    "SKTERMFOR": Word(_impossible, (), _ANY),
    "SKSETHPWD": Word(_impossible, (), _ANY),
    "SKOPEN": Word(_impossible, (), _ANY),
    "SKAUTOUPD": Word(_impossible, (), _ANY),
    "SKABORTUPD": Word(_impossible, (), _ANY),
    "SKREGDEV": Word(_impossible, _ANY, ()),
    "SKSETKEY": Word(_impossible, _ANY, ()),
    "SKRMKEY": Word(_impossible, _ANY, ()),
    "SKSECENABLE": Word(_impossible, _ANY, ()),
    "SKTCPPORT": Word(_impossible, _ANY, ()),
    "SKCONNECT": Word(_impossible, _ANY, ()),
    "SKSEND": Word(_impossible, _ANY, ()),
    "SKCLOSE": Word(_impossible, _ANY, ()),
    "ROPT": Word(_read_output, (0,), (0,)),
    "WOPT": Word(_write_output, (1,), (1,)),
    "RUART": Word(_read_uart, (0,), (0,)),
    "WUART": Word(_write_uart, (1,), (1,)),
}
