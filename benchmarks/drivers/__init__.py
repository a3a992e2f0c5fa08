"""Programs that read the simulated meter, each a process of its own: one line for each value.

A line is `SECONDS VALUE`, SECONDS being the machine's monotonic clock, which all processes share.
"""
