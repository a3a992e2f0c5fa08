"""The ledger: every half-hour register value known, per meter and direction, in `history.db`.

It outlives the meter's own memory. A value is what a register stood at, at an instant of the
meter's clock; what a household used is the difference of two. SQLite in WAL mode: power loss at
any instant costs at most the transaction that was not finished, and others may read meanwhile.
"""

from broute_addon.ledger.energy import Interval, Stand, energy_between, interval_energies
from broute_addon.ledger.ledger import Ledger
from broute_addon.ledger.reader import JournalEntry, Row

__all__ = [
    "Interval",
    "JournalEntry",
    "Ledger",
    "Row",
    "Stand",
    "energy_between",
    "interval_energies",
]
