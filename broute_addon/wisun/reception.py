"""Which of the datagrams that a stick hears are our meter's, and what the others tell.

Only encrypted datagrams to the ECHONET Lite port, from our meter, within a session, go up. PANA
datagrams of the meter, which the text modules show, prove that it talks. A J11 module tells
instead when it could not decrypt a frame: that may be a stray, and the next datagram that can be
read proves the keys; until then they are doubtful.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from broute_addon.errors import JoinRefusedError, JoinUnansweredError
from broute_addon.messages import message
from broute_addon.wisun.events import Event, JoinFailed, UdpReceived
from broute_addon.wisun.values import Datagram, LinkLocalAddress, Pan

ECHONET_PORT = 0x0E1A
PANA_PORT = 0x02CC
_OTHER_PORTS: Mapping[int, str] = {PANA_PORT: "PANA", 0x4D4C: "MLE"}


class Reception:
    """`ignored` counts by reason; `pan` is whom we listen to."""

    def __init__(self) -> None:
        self.pan: Pan | None = None
        self.ignored: Counter[str] = Counter()
        self.pana_heard = 0
        self.keys_are_doubtful = False
        self.renewed_in_vain = False

    def begin(self, pan: Pan) -> None:
        """A login to a meter begins."""
        self.pan = pan
        self.pana_heard = 0
        self.keys_are_doubtful = self.renewed_in_vain = False

    def join_error(self, events: Iterable[Event]) -> JoinRefusedError | JoinUnansweredError:
        """Why a login failed; a stick that doesn't tell is judged by the PANA datagrams."""
        talked = self.pana_heard > 0
        for event in events:
            if isinstance(event, JoinFailed):
                refused = talked if event.refused is None else event.refused
                if refused:
                    return JoinRefusedError(message("join_refused"))
        return JoinUnansweredError(message("join_unanswered"))

    def renewal_begins(self) -> None:
        """The keys are made anew; only a datagram proves that this was of use."""
        self.keys_are_doubtful, self.renewed_in_vain = False, True

    def undecipherable(self, source: LinkLocalAddress) -> None:
        """A frame of `source` could not be decrypted."""
        self.ignored["undecipherable"] += 1
        self.keys_are_doubtful |= self._is_ours(source)

    def take(self, udp: UdpReceived, *, is_joined: bool) -> Datagram | None:
        """The datagram for the layer above, if it is one."""
        ours = self._is_ours(udp.source)
        if udp.port == PANA_PORT and ours:
            self.pana_heard += 1
        if udp.port != ECHONET_PORT:
            self.ignored[_OTHER_PORTS.get(udp.port, "other port")] += 1
        elif not udp.secured:
            self.ignored["unencrypted"] += 1
        elif not (ours and is_joined):
            self.ignored["not from our meter"] += 1
        else:
            self.keys_are_doubtful = self.renewed_in_vain = False
            return Datagram(udp.source, udp.payload, udp.rssi_dbm)
        return None

    def _is_ours(self, source: LinkLocalAddress) -> bool:
        return self.pan is not None and source == self.pan.address.link_local
