"""Hypothesis against dialects, client, session and options. Deterministic and short by default.

`FUZZ=20 pytest tests/fuzz` tries twenty times as much, with new random seeds.
"""
