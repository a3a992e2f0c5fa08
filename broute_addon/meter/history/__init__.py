"""Reading the meter's memory: what the ledger lacks, one request at a time, at the lowest priority.

    Memory (the ledger) ─ holes ─▶ gaps ─ what is missing ─▶ plan ─ the cheapest parts ─▶ reading
                                                                                             │
    poller ◀─ one request, when `turns` has room before the next live poll ─ history ◀───────┘

`abilities` is what this meter can be asked for, `requests` are the words to and from it. Nothing
here does I/O but the poller's client; all but `history` is pure or moved by it.
"""

from broute_addon.meter.history.history import History

__all__ = ["History"]
