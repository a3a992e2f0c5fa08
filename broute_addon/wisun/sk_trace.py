"""What a text module told, in its manual's words, for the debug log: no address, key, payload."""

from broute_addon.wisun.events import (
    Answer,
    CommandAccepted,
    CommandFailed,
    Event,
    Noise,
    Notice,
    PanFound,
    Transmitted,
    UdpReceived,
)


def trace(event: Event) -> str:  # noqa: PLR0911 - one for each kind
    """The event in words."""
    match event:
        case CommandAccepted():
            return "OK"
        case CommandFailed(code):
            return f"FAIL ER{code:02d}"
        case Answer(word):
            return word
        case Transmitted(result):
            return f"EVENT 21 {result.name.lower()}"
        case PanFound(pan):
            return f"beacon on channel {pan.channel:02X}, LQI {pan.lqi}"
        case UdpReceived():
            return f"ERXUDP {len(event.payload)} bytes, port {event.port:04X}"
        case Notice(number):
            return f"EVENT {number:02X}"
        case Noise(size):
            return f"{size} bytes of noise"
        case _:
            return type(event).__name__
