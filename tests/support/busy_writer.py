"""Runs the product with its files written as often within seconds as they are in days."""

import sys

if __name__ == "__main__":
    from broute_addon.__main__ import main
    from broute_addon.ledger import files
    from broute_addon.web import recorder

    files.CHECKPOINT_PAGES = 20
    recorder.FLUSH_EVERY_S = 0.2
    sys.exit(main())
