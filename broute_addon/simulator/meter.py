"""The smart meter as an ECHONET Lite node: a request in, an answer or silence out.

Answer rules are those of echonet-lite-meter.md 1.5: one refused property turns the whole answer
into "service not available" while the others keep their values; PDC 0 means accepted in a Set
answer and refused in a Get answer. Unknown objects, malformed frames and services that are not
requests are met with silence.
"""

from broute_addon.simulator import frames
from broute_addon.simulator.frames import Block, Frame
from broute_addon.simulator.properties import (
    HISTORY,
    INSTANCE_LIST,
    State,
    Table,
    fixed_time_energy,
    meter_table,
    node_table,
)

_SET_ANSWERS = {
    frames.SET_I: (None, frames.SET_I_SNA),
    frames.SET_C: (frames.SET_RES, frames.SET_C_SNA),
}
_GET_ANSWERS = {
    frames.GET: (frames.GET_RES, frames.GET_SNA),
    frames.INF_REQ: (frames.INF, frames.INF_SNA),
}


class SmartMeter:
    """Objects 028801 and 0EF001 over one `State`."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._tables = {
            frames.METER: meter_table(state),
            frames.NODE_PROFILE: node_table(state.config),
        }
        self._notification_tid = 0

    def answer(self, data: bytes) -> bytes | None:
        """The datagram that answers `data`, or `None` for silence."""
        request = frames.parse(data)
        return None if request is None else self.answer_to(request)

    def answer_to(self, request: Frame) -> bytes | None:
        """As `answer`, for a frame that has been read already."""
        table = self._tables.get(request.deoj)
        if table is None:
            return None
        if request.esv in _SET_ANSWERS:
            accepted, refused = _SET_ANSWERS[request.esv]
            return self._answer_set(request, table, accepted, refused)
        if request.esv in _GET_ANSWERS:
            answered, refused = _GET_ANSWERS[request.esv]
            block, is_complete = self._get(request, table)
            return _reply(request, answered if is_complete else refused, block)
        if request.esv == frames.SET_GET:
            return self._answer_set_get(request, table)
        return None

    def instance_list(self) -> bytes:
        """The D5 announcement that follows a join; meters use TID 0000 for it."""
        node = frames.NODE_PROFILE
        return Frame(0, node, node, frames.INF, (INSTANCE_LIST,)).serialize()

    def half_hour_notification(self, at: int) -> bytes:
        """EA, with EB where reverse energy is metered, in one frame (4.6)."""
        bought, sold = fixed_time_energy(self.state, at)
        block: Block = ((0xEA, bought),)
        if self.state.config.reverse:
            block += ((0xEB, sold),)
        esv = frames.INFC if self.state.config.inf == "infc" else frames.INF
        tid = self._next_tid()
        return Frame(tid, frames.METER, frames.CONTROLLER, esv, block).serialize()

    def status_notification(self, epc: int) -> bytes:
        """INF of one status property to all nodes, as after a change."""
        edt = self._tables[frames.METER].getters[epc]()
        block = ((epc, edt),)
        tid = self._next_tid()
        return Frame(tid, frames.METER, frames.NODE_PROFILE, frames.INF, block).serialize()

    def _next_tid(self) -> int:
        self._notification_tid = self._notification_tid % 0xFFFF + 1
        return self._notification_tid

    def _get(self, request: Frame, table: Table) -> tuple[Block, bool]:
        """Values of a Get or INF_REQ, cut at the meter's limit; whether all are there."""
        asked = request.first
        limit = self.state.config.properties_a_request
        answered: list[tuple[int, bytes]] = []
        for epc, _ in asked[:limit]:
            if request.esv == frames.INF_REQ and self._is_instance_list(request.deoj, epc):
                answered.append(INSTANCE_LIST)
                continue
            getter = table.getters.get(epc)
            if epc in HISTORY and not self.state.remembers:
                getter = None
            answered.append((epc, getter() if getter else b""))
        is_complete = len(asked) <= limit and all(edt for _, edt in answered)
        return tuple(answered), is_complete

    def _is_instance_list(self, deoj: bytes, epc: int) -> bool:
        return deoj == frames.NODE_PROFILE and epc == INSTANCE_LIST[0]

    def _set(self, block: Block, table: Table) -> tuple[Block, bool]:
        """Accepted properties come back empty, refused ones with their value."""
        limit = self.state.config.properties_a_request
        done: list[tuple[int, bytes]] = []
        for epc, edt in block[:limit]:
            setter = table.setters.get(epc) if self.state.takes_settings else None
            done.append((epc, b"") if setter and setter(edt) else (epc, edt))
        refused = any(edt or epc not in table.setters for epc, edt in done)
        refused |= not self.state.takes_settings
        return tuple(done), not refused and len(block) <= limit

    def _answer_set(
        self, request: Frame, table: Table, accepted: int | None, refused: int
    ) -> bytes | None:
        block, is_accepted = self._set(request.first, table)
        esv = accepted if is_accepted else refused
        return None if esv is None else _reply(request, esv, block)

    def _answer_set_get(self, request: Frame, table: Table) -> bytes | None:
        if request.second is None:
            return None
        if not self.state.config.set_get:
            refused = tuple((epc, b"") for epc, _ in request.second)
            return _reply(request, frames.SET_GET_SNA, request.first, refused)
        done, is_set = self._set(request.first, table)
        get = Frame(request.tid, request.seoj, request.deoj, frames.GET, request.second)
        values, is_got = self._get(get, table)
        esv = frames.SET_GET_RES if is_set and is_got else frames.SET_GET_SNA
        return _reply(request, esv, done, values)


def _reply(request: Frame, esv: int, first: Block, second: Block | None = None) -> bytes:
    return Frame(request.tid, request.deoj, request.seoj, esv, first, second).serialize()
