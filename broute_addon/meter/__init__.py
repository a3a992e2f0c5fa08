"""The low-voltage smart electric energy meter (class 0x0288): its table, client and engine."""
