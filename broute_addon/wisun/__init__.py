"""The radio: sticks and their languages, the PAN scan, the PANA session, UDP datagrams.

ECHONET Lite is opaque payload here. `Link` is what the layer above uses; everything else is
below it: `Dongle` runs one command at a time over a `Transport`, in a `Dialect`.
"""
