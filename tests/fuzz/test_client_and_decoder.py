"""Any datagram into the client, the decoder and the poller: nothing raises, nothing is mistaken."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from broute_addon.echonet.frame import (
    CONTROLLER,
    METER,
    NODE_PROFILE,
    Eoj,
    Esv,
    Frame,
    PropertyData,
)
from broute_addon.errors import MeterTimeoutError
from broute_addon.meter.client import MeterClient
from broute_addon.meter.decoding import Decoder, nonsense
from broute_addon.meter.pacing import Pace, RetryTimer
from broute_addon.meter.poller import Poller
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.properties import PROPERTIES
from broute_addon.meter.readings import Update
from broute_addon.meter.silences import Silences
from broute_addon.simulator import run_virtual
from broute_addon.wisun.values import MacAddress
from tests.fuzz.effort import tries
from tests.wire.echonet_frames import FRAMES, MALFORMED

NOW = datetime(2026, 4, 5, 3, 1, tzinfo=UTC)
TRUE_POWER = bytes.fromhex("000005AA")


@dataclass(frozen=True)
class Datagram:
    """A frame that is right but for what is told here; `tid` counts from the pending one."""

    header: str = "1081"
    tid: int = 0
    seoj: str = "028801"
    deoj: str = "05FF01"
    esv: int = 0x72
    opc: int = 1
    epc: int = 0xE7
    edt: str = "00000001"
    spoiled: bytes = b""

    @property
    def is_answer(self) -> bool:
        """Whether a client that asked for E7 must take this for its answer.

        One without any property is a useless answer, but one.
        """
        if self.spoiled or self.esv not in {0x72, 0x52} or self.opc not in {0, 1}:
            return False
        return (self.header, self.tid, self.seoj, self.deoj) == ("1081", 0, "028801", "05FF01")

    def octets(self, pending_tid: int) -> bytes:
        tid = (pending_tid + self.tid) & 0xFFFF
        size = len(self.edt) // 2
        text = (
            f"{self.header}{tid:04X}{self.seoj}{self.deoj}{self.esv:02X}{self.opc:02X}"
            f"{self.epc:02X}{size:02X}{self.edt}"
        )
        return self.spoiled or bytes.fromhex(text)


_CHANGES: Mapping[str, Sequence[object]] = {
    "header": ["1082", "1080", "0000"],
    "tid": [1, -1, 0x1000],
    "seoj": ["028802", "0EF001", "05FF01"],
    "deoj": ["05FF02", "0EF001"],
    "esv": [0x52, 0x71, 0x7A, 0x73, 0x74, 0x62, 0x60, 0x7E, 0x5E, 0x00, 0xFF],
    "opc": [0, 2, 255],
    "edt": ["", "7FFFFFFE", "FF"],
}
_near_misses = st.lists(
    st.sampled_from([(name, value) for name, values in _CHANGES.items() for value in values]),
    max_size=2,
).map(lambda changes: replace(Datagram(), **dict(changes)))  # type: ignore[arg-type]
_recorded = st.sampled_from([bytes.fromhex(octets) for octets in [*FRAMES, *MALFORMED] if octets])
_spoiled = st.builds(
    lambda octets, at, put: Datagram(spoiled=octets[:at] + put + octets[at + len(put) :]),
    _recorded,
    st.integers(0, 60),
    st.binary(max_size=4),
)
wrong_ones = st.lists((_near_misses | _spoiled).filter(lambda each: not each.is_answer), max_size=8)


@tries(150)
@given(wrong_ones)
def test_only_a_true_answer_ends_a_request(wrong: list[Datagram]) -> None:
    heard: list[Frame] = []

    async def scenario() -> bytes:
        loop = asyncio.get_running_loop()
        sent: list[Frame] = []

        async def send(edata: bytes) -> None:
            request = Frame.parse(edata)
            sent.append(request)
            # Recorded frames have TIDs below 0x0300, this request's is far above.
            for number, each in enumerate(wrong):
                loop.call_later(0.01 * number, client.received, each.octets(request.tid))
            true = Datagram(edt=TRUE_POWER.hex())
            loop.call_later(0.5, client.received, true.octets(request.tid))

        client = MeterClient(
            send, heard.append, timer=RetryTimer(), pace=Pace(30.0), first_tid=0x4000
        )
        answer = await client.get((0xE7,))
        assert len(sent) == 1
        assert loop.time() == 0.5
        assert not answer.refused
        return answer.values[0xE7]

    assert run_virtual(scenario()) == TRUE_POWER
    assert all(frame.esv.value in {0x73, 0x74} for frame in heard)


@tries(100)
@given(st.lists(_near_misses | _spoiled, min_size=1, max_size=8), st.integers(1, 8))
def test_whatever_answers_a_request_ends_in_bounded_time(
    answers: list[Datagram], count: int
) -> None:
    epcs = tuple(range(0xE0, 0xE0 + count))

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        turn = 0

        async def send(edata: bytes) -> None:
            nonlocal turn
            octets = answers[turn % len(answers)].octets(Frame.parse(edata).tid)
            turn += 1
            loop.call_later(0.3, client.received, octets)

        client = MeterClient(
            send, lambda _: None, timer=RetryTimer(), pace=Pace(30.0), first_tid=0x4000
        )
        with contextlib.suppress(MeterTimeoutError):
            answer = await client.get(epcs)
            assert {*answer.values, *answer.refused} == {*epcs}
        assert turn <= 3 * 2 * count
        assert loop.time() < 1200

    run_virtual(scenario())


edts = st.binary(max_size=20) | st.sampled_from(
    [bytes.fromhex(edt) for row in PROPERTIES for edt in [*row.examples, *row.decode_only]]
)
answers = st.dictionaries(
    st.sampled_from([row.epc for row in PROPERTIES]) | st.integers(0, 255), edts
)
scales = st.none() | st.builds(
    EnergyScale, st.integers(1, 999_999), st.sampled_from(range(-4, 5)), st.integers(1, 8)
)


@tries(80)
@given(st.lists(answers, max_size=5), scales)
def test_any_edts_become_readings_or_nothing(
    batches: list[dict[int, bytes]], scale: EnergyScale | None
) -> None:
    decoder = Decoder({})
    decoder.scale = scale
    for values in batches:
        nonsense(values)
        for reading in decoder.readings(values, NOW, 0.0):
            if "energy" not in reading.key or reading.key.endswith(("time", "unit", "coefficient")):
                continue
            assert scale is not None
            if isinstance(reading.value, Decimal):
                assert 0 <= reading.value < scale.kwh(10**8)
                assert reading.value % scale.step == 0


@tries(60)
@given(st.lists(st.tuples(st.sampled_from([METER, NODE_PROFILE]), answers), max_size=6))
def test_no_notification_upsets_the_poller(pushed: list[tuple[Eoj, dict[int, bytes]]]) -> None:
    told: list[Update] = []

    async def scenario() -> None:
        async def mute(edata: bytes) -> None:
            pass

        pace = Pace(30.0)
        client = MeterClient(mute, lambda _: None, timer=RetryTimer(), pace=pace, first_tid=1)
        profile = MeterProfile(MacAddress(bytes(8)), frozenset({0xE7, 0xEA, 0xEB}))
        poller = Poller(
            client,
            profile.mac,
            profile,
            pace=pace,
            emit=told.append,
            on_good=lambda _: None,
            clock=lambda: NOW,
            silences=Silences(),
            guards={},
        )
        for seoj, values in pushed:
            properties = tuple(PropertyData(epc, edt) for epc, edt in values.items())
            poller.notified(Frame(1, seoj, CONTROLLER, Esv.INF, properties))

    run_virtual(scenario())
