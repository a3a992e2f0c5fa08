"""How a defect is planted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patch:
    """One attribute of a class or module, replaced."""

    owner: object
    name: str
    replacement: object
