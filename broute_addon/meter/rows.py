"""What a row of the property table is.

The fields of a row, in wire order, are both the layout of its EDT and the values that the rest of
the product shows. A row carries its own wire examples: tests, fuzz seeds and the printed table
come from them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from broute_addon.echonet.codecs import Codec, Value, not_encodable, wrong_size
from broute_addon.meter.quantities import Cadence, Quantity, Role, Term

Values = Mapping[str, Value]
"""Decoded fields by key. An energy is a raw count, to be scaled by `EnergyScale`."""


@dataclass(frozen=True, slots=True)
class Field(Term):
    """A value inside an EDT: a `Term` with its codec."""

    codec: Codec = field(kw_only=True)


def internal(key: str, codec: Codec, quantity: Quantity = Quantity.INTERNAL) -> Field:
    """A field that is never an entity; its key is its name everywhere."""
    return Field(key, quantity, key, key, Role.NONE, codec=codec)


@dataclass(frozen=True, eq=False)
class Property:
    """One EPC of one class.

    Only the last field may have a size that its content tells. `examples` (EDT in hex: values)
    hold in both directions, `decode_only` from bytes to values (codes that we never write).
    """

    epc: int
    name: str
    cadence: Cadence
    fields: tuple[Field, ...]
    examples: Mapping[str, Values]
    decode_only: Mapping[str, Values] = field(default_factory=dict)
    size: int | None = field(init=False)
    has_energy: bool = field(init=False)
    has_time: bool = field(init=False)
    _plan: tuple[tuple[str, slice, Callable[[bytes], Value]], ...] = field(init=False)

    def __post_init__(self) -> None:
        plan = []
        end: int | None = 0
        for each in self.fields:
            if end is None:
                raise ValueError(f"{self.name}: a field follows one of unknown size")
            begin = end
            end = None if each.codec.size is None else begin + each.codec.size
            plan.append((each.key, slice(begin, end), each.codec.decode))
        object.__setattr__(self, "_plan", tuple(plan))
        object.__setattr__(self, "size", end)
        quantities = [each.quantity for each in self.fields]
        object.__setattr__(self, "has_energy", Quantity.ENERGY in quantities)
        object.__setattr__(self, "has_time", Quantity.TIME in quantities)

    def decode(self, edt: bytes) -> dict[str, Value]:
        """The fields' values, None where the meter has none. Raises EdtError for a wrong size."""
        if self.size is not None and len(edt) != self.size:
            raise wrong_size(edt, self.size)
        values = {}
        for key, where, decode in self._plan:
            values[key] = decode(edt[where])
        return values

    def slices(self, edt: bytes) -> Iterator[tuple[Field, bytes]]:
        """Each field with its bytes, for a reader who wants to see both. Checks nothing."""
        for each, (_, where, _decode) in zip(self.fields, self._plan, strict=True):
            yield each, edt[where]

    def encode(self, values: Values) -> bytes:
        """The EDT of these values. Raises EdtError for a value that is absent or doesn't fit."""
        if values.keys() != {each.key for each in self.fields}:
            raise not_encodable(", ".join(values))
        return b"".join(each.codec.encode(values[each.key]) for each in self.fields)
