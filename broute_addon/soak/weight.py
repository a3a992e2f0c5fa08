"""How much objects hold: the elements of every collection that can be reached from them.

Looks into the product's own objects and into collections; an unbounded queue, cache or list of
anything shows here, whatever its name.
"""

from collections import deque
from collections.abc import Mapping

_COLLECTIONS = (list, tuple, set, frozenset, deque)


def weight(*roots: object, without: tuple[type, ...] = ()) -> int:
    """The number of elements in all collections within reach, not through objects of `without`."""
    seen: set[int] = set()
    waiting, total = list(roots), 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, without):
            continue
        seen.add(id(one))
        if isinstance(one, Mapping):
            total += len(one)
            waiting += one.values()
        elif isinstance(one, _COLLECTIONS):
            total += len(one)
            waiting += one
        elif isinstance(one, bytes | bytearray):
            total += len(one) // 1024
        elif type(one).__module__.startswith("broute_addon") and not isinstance(one, type):
            waiting += _parts(one)
    return total


def _parts(one: object) -> list[object]:
    parts: list[object] = list(getattr(one, "__dict__", {}).values())
    for kind in type(one).__mro__:
        slots = getattr(kind, "__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        parts += [getattr(one, name) for name in names if hasattr(one, name)]
    return parts
