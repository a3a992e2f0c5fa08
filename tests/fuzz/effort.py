"""How much is tried, and that it is the same each time."""

import os

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("FUZZ", "1"))


def tries(count: int, *, steps: int = 50) -> settings:
    """So many examples, the same in every run unless a longer campaign is asked for.

    `steps` is the length of a state machine's run.
    """
    return settings(
        max_examples=count * FACTOR,
        stateful_step_count=steps,
        derandomize=FACTOR == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
