"""The ECHONET Lite format of any device: frames, EDT codecs, property maps. Pure: bytes and values.

No input can raise anything but `FrameError` and `EdtError`, and "no data" is None from here on.
"""
