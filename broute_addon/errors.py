"""What can go wrong, ordered by what to do about it.

BRouteError                    one sentence (`message`): what, where, what to do
├── OptionsError               the household can mend it: told everywhere, the program stays up
├── TransportError             the port vanished or is busy             → reopen
├── DongleError
│   ├── DongleTimeoutError     no answer to a command                   → reset, then reopen
│   ├── CommandFailedError     the stick said FAIL ERxx                 → reset
│   └── UnknownDialectError    nothing recognizable answered            → reopen, tell
├── SessionError
│   ├── PanNotFoundError       nobody answered the scan                 → scan longer, hint
│   ├── JoinRefusedError       PANA said no                             → rescan, hint
│   ├── JoinUnansweredError    PANA said nothing: radio                 → rescan
│   └── SessionLostError       expired, terminated, unsendable          → rejoin
├── MeterError
│   ├── MeterTimeoutError      no answer                                → ask again, then rejoin
│   │   └── TransmitFailedError  the radio couldn't deliver the request  → ask again
│   ├── TransmitFailedError    the radio could not deliver a datagram   → ask again, then rejoin
│   └── PropertyRefusedError   EPCs refused by Get_SNA                  → drop until next interview
├── EchonetError               bad bytes: count, log at debug, drop the frame
│   ├── FrameError
│   └── EdtError
└── HomeAssistantError         the meter goes on; the publisher retries
    ├── SupervisorError
    └── MqttError

A bug crashes, a fault recovers: nothing outside this tree is caught but at a task's root.
"""

from broute_addon.messages import Message


class BRouteError(Exception):
    """A fault the product knows. `str()` is the English sentence of `message`."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(str(message))


class OptionsError(BRouteError):
    """A value in the options is missing or wrong."""


class TransportError(BRouteError):
    """The serial port is absent, busy or gone."""


class DongleError(BRouteError):
    """The stick doesn't do what it should."""


class DongleTimeoutError(DongleError):
    """The stick didn't answer a command within its deadline."""


class CommandFailedError(DongleError):
    """The stick refused a command. `code` is the number in `FAIL ERxx` (or a J11 result)."""

    def __init__(self, message: Message, code: int) -> None:
        super().__init__(message)
        self.code = code


class UnknownDialectError(DongleError):
    """Nothing that answered is a language of a Wi-SUN module."""


class SessionError(BRouteError):
    """The way to the meter is not there."""


class PanNotFoundError(SessionError):
    """No beacon with our pairing ID was heard."""


class JoinRefusedError(SessionError):
    """The meter talked PANA and said no: probably wrong credentials."""


class JoinUnansweredError(SessionError):
    """No PANA datagram came back: probably radio."""


class SessionLostError(SessionError):
    """The PANA session expired, was terminated, or can't be sent through."""


class MeterError(BRouteError):
    """The meter is joined but doesn't give what was asked."""


class MeterTimeoutError(MeterError):
    """No answer to a request within its time, however often it was asked."""


class TransmitFailedError(MeterError):
    """The stick could not deliver a datagram (EVENT 21 with 01): worth sending again."""


class PropertyRefusedError(MeterError):
    """A single-EPC Get or Set came back refused. `epcs` are those refused."""

    def __init__(self, message: Message, epcs: frozenset[int]) -> None:
        super().__init__(message)
        self.epcs = epcs


class EchonetError(BRouteError):
    """Bytes that are not what ECHONET Lite says they should be."""


class FrameError(EchonetError):
    """Not an ECHONET Lite frame of format 1, or one that is cut."""


class EdtError(EchonetError):
    """An EDT of the wrong size or with an impossible content."""


class HomeAssistantError(BRouteError):
    """Something on Home Assistant's side doesn't work at the moment."""


class SupervisorError(HomeAssistantError):
    """The Supervisor gave no usable answer."""


class MqttError(HomeAssistantError):
    """The broker is absent or refuses us."""
