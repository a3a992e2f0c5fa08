"""Smart Meter B Route: reads Japanese smart meters over Wi-SUN Route B for Home Assistant."""

__version__ = "0.1.0"
