"""Reads a Japanese smart meter over Wi-SUN Route B and gives Home Assistant complete energy data.

Data flows one way: serial bytes (`wisun`) become ECHONET Lite frames (`echonet`), readings
(`meter`), a snapshot (`store`), and at last topics and pages (`home_assistant`, `web`).
`ARCHITECTURE.md` draws it.
"""

__version__ = "0.1.0"
