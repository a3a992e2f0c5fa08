"""Builds every part, joins them, and takes them down again.

    serial port ─▶ Engine ─▶ emit ─▶ Store ─▶ publisher (MQTT), notifier (Core), page (web)
                               ├──▶ Bookkeeper ─▶ Ledger ─▶ statistics (Core), history (web)
                               └──▶ Storage (what the next start should know)

All tasks live in one group. A fault never leaves its own task; what does is a bug, and ends the
process with its trace.
"""

from broute_addon.app.run import EXIT_OPTIONS_UNUSABLE, App, run_app
from broute_addon.app.settings import Settings

__all__ = ["EXIT_OPTIONS_UNUSABLE", "App", "Settings", "run_app"]
