"""The tests. `scripts/test` runs them; tests/rigs holds what they need of the outside world."""
