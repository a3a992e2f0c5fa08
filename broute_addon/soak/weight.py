"""How much objects hold: the elements of every collection that can be reached from them.

Looks into the product's own objects and into collections; an unbounded queue, cache or list of
anything shows here, whatever its name.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache

_PLAIN = frozenset({type(None), bool, int, float, str, Decimal, datetime})
"""What holds nothing; most of what there is to look at."""
_COLLECTIONS = (list, tuple, set, frozenset, deque)


def weight(*roots: object, without: tuple[type, ...] = ()) -> int:
    """The number of elements in all collections within reach, not through objects of `without`."""
    seen: set[int] = set()
    waiting, total = list(roots), 0
    while waiting:
        one = waiting.pop()
        kind: type = type(one)
        if id(one) in seen or kind in _PLAIN or isinstance(one, without):
            continue
        seen.add(id(one))
        if isinstance(one, _COLLECTIONS):
            total += len(one)
            waiting += one
        elif isinstance(one, bytes | bytearray):
            total += len(one) // 1024
        elif isinstance(one, Mapping):
            total += len(one)
            waiting += one.values()
        elif kind.__module__.startswith("broute_addon") and not isinstance(one, type):
            waiting += getattr(one, "__dict__", {}).values()
            waiting += [getattr(one, name) for name in _slots(kind) if hasattr(one, name)]
    return total


@cache
def _slots(kind: type) -> tuple[str, ...]:
    """The attributes that its objects keep outside of a `__dict__`."""
    names: list[str] = []
    for each in kind.__mro__:
        slots = getattr(each, "__slots__", ())
        names += (slots,) if isinstance(slots, str) else slots
    return tuple(names)
