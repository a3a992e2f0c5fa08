"""The text dialect under any chunking, any noise and any lie."""

from hypothesis import given
from hypothesis import strategies as st

from broute_addon.wisun.dialect import Exchange
from broute_addon.wisun.events import Event, Noise
from broute_addon.wisun.sk_variants import DUAL, SINGLE_HOP, SkVariant
from broute_addon.wisun.skstack import SkStack
from tests.fuzz import sk_grammar as grammar
from tests.fuzz.chunks import cut, sizes
from tests.fuzz.effort import tries
from tests.wire import sk_sessions as wire

LONGEST_SENTENCE = 126 + 2 * 1232 + 2
"""A hexadecimal ERXUDP of 1232 bytes, with its longest header and its line end."""

variants = st.sampled_from([SINGLE_HOP, DUAL])


@tries(120)
@given(variants, grammar.conversations, sizes)
def test_any_chunking_of_any_conversation_means_the_same(
    variant: SkVariant, turns: list[grammar.Turn], lengths: list[int]
) -> None:
    dialect = SkStack(variant)
    for turn in turns:
        dialect.expect(Exchange(b"", "", echo=turn.typed))
        heard = [e for chunk in cut(turn.printed, lengths) for e in dialect.receive(chunk)]
        assert grammar.meanings_of(heard) == list(turn.meanings)


_DATAGRAMS = [
    wire.erxudp_binary(wire.POWER_3338_W),
    wire.erxudp_hex(wire.POWER_420_W),
    wire.erxudp_binary(wire.PANA_COMPLETE, port="02CC", secured="0"),
]
_lies = st.builds(
    lambda datagram, size: datagram.replace(b" 0012 ", b" %04X " % size),
    st.sampled_from(_DATAGRAMS),
    st.integers(0, 0xFFFF) | st.integers(0, 40) | st.sampled_from([1231, 1232, 1233]),
)
_damaged = st.builds(
    lambda session, begin, gone, put: session[:begin] + put + session[begin + gone :],
    st.sampled_from([wire.SINGLE_HOP_SESSION, wire.DUAL_SESSION, *_DATAGRAMS]),
    st.integers(0, 1200),
    st.integers(0, 60),
    st.binary(max_size=8),
)
noises = st.lists(st.binary(max_size=100) | _lies | _damaged, max_size=4).map(b"".join)
"""Anything at all, and what is worse: what looks nearly right."""


def read_all(dialect: SkStack, stream: bytes, lengths: list[int]) -> list[Event]:
    events: list[Event] = []
    for chunk in cut(stream, lengths):
        events += dialect.receive(chunk)
        assert len(dialect._buffer) <= LONGEST_SENTENCE
    return events


@tries(60)
@given(noises, st.binary(max_size=20), st.booleans(), sizes)
def test_after_any_noise_the_next_sentences_are_read(
    noise: bytes, echo: bytes, hexadecimal: bool, lengths: list[int]
) -> None:
    dialect = SkStack(SINGLE_HOP)
    dialect.expect(Exchange(b"", "", echo=echo))
    read_all(dialect, noise, lengths)
    good = (wire.erxudp_hex if hexadecimal else wire.erxudp_binary)(wire.INSTANCE_LIST)
    events = read_all(dialect, (b"\r\n" + good) * 4, lengths)
    # A lie about the length that ends by chance where a line ends costs the datagram it swallows.
    heard = grammar.meanings_of(events)
    assert heard[-3:] == [("UdpReceived", 0x0E1A, True, wire.INSTANCE_LIST)] * 3


@tries(30)
@given(noises | _lies, st.binary(min_size=1, max_size=40), sizes)
def test_what_is_kept_is_bounded_however_long_nothing_makes_sense(
    noise: bytes, filler: bytes, lengths: list[int]
) -> None:
    read_all(SkStack(SINGLE_HOP), noise + filler * (2 * LONGEST_SENTENCE // len(filler)), lengths)


@tries(80)
@given(noises.filter(lambda noise: b"ERXUDP" not in noise), sizes)
def test_noise_without_a_datagrams_header_costs_at_most_its_own_line(
    noise: bytes, lengths: list[int]
) -> None:
    dialect = SkStack(SINGLE_HOP)
    heard = grammar.meanings_of(
        read_all(dialect, noise + b"\r\nEVENT 29 " + grammar.METER + b"\r\nOK\r\n", lengths)
    )
    assert heard[-2:] == [("SessionExpired",), grammar.OK]


@tries(80)
@given(st.lists(grammar.payloads, min_size=1, max_size=6), noises, sizes)
def test_a_datagram_that_was_read_is_one_that_was_printed(
    payloads: list[bytes], noise: bytes, lengths: list[int]
) -> None:
    """Good ones in front of any noise are all read, and in their order."""
    manner = grammar.Manner(dual=False, hexadecimal=False, signal=False, echo=False)
    stream = b"".join(grammar.erxudp(manner, payload) for payload in payloads)
    events = read_all(SkStack(SINGLE_HOP), stream + noise, lengths)
    heard = [meaning[-1] for meaning in grammar.meanings_of(events) if meaning[0] == "UdpReceived"]
    assert heard[: len(payloads)] == payloads


@tries(60)
@given(noises, sizes)
def test_every_byte_is_accounted_for_once_at_most(noise: bytes, lengths: list[int]) -> None:
    events = read_all(SkStack(DUAL), noise, lengths)
    assert sum(event.size for event in events if isinstance(event, Noise)) <= len(noise)
