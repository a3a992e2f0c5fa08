"""Measurements on the simulated stick in real time, side by side with a peer; see README.md."""
