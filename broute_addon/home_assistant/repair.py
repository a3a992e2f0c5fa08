"""skeleton"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What is to be done to one sensor's statistics."""
