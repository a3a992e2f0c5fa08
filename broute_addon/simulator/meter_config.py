"""What kind of meter hangs on the wall."""

from dataclasses import dataclass
from decimal import Decimal

from broute_addon.simulator.household import HALF_HOUR_S

METER_MAC = "D05EA55A0C1042A7"
"""The invented meter of the documents' sessions."""

NO_DATA = 0xFFFFFFFE
MAX_MEMORY_DAYS = 99

_UNIT_EXPONENTS = {0: 0, 1: -1, 2: -2, 3: -3, 4: -4, 0x0A: 1, 0x0B: 2, 0x0C: 3, 0x0D: 4}
_WATT_SECONDS_PER_KWH = 3_600_000


@dataclass(frozen=True, slots=True)
class MeterConfig:
    """A meter's constants and habits.

    Attributes:
        generation: 1 or 2. The second adds C0, D0, EC-EF, and takes seven properties a request.
        coefficient: D3, or None for a meter without the property (then 1 applies).
        unit: E1 code. The default depends on the generation: 0.1 kWh, or 0.001 kWh.
        digits: D7. The default depends on the generation: 6, or 8.
        bought, sold: raw counts of E0 and E3 when the simulation starts; None: as if the meter
            hung there since 2018, the same for every start.
        reverse: whether reverse energy is metered (E3, E4, EB).
        t_phase: False for a single-phase two-wire house: current T is 7FFE.
        serial: 8D, or None for a meter without the property.
        clock: whether 97 and 98 exist.
        history1: whether E5 may be set; without it E2 and E4 tell nothing.
        reverse_history: whether E4 exists, where reverse energy is metered.
        history2: whether EC and ED exist; None: only in the second generation.
        history2_hours: how far back ED reaches; None: as far as the memory.
        history2_far: what becomes of an ED further back: "refused", or "empty" (EC has no data).
        memory_days: how many days before today E5 reaches with data.
        lost_days: first and last of the days before the start that the memory lost.
        fixed_time_lag_s: meter seconds until a half-hour reading is in the memory and in EA.
        set_get: whether SetGet (6E) is carried out; refused with 5E otherwise.
        maker: 8A, six hexadecimal digits.
        location: 81 as hexadecimal, 1 or 17 bytes.
        inf: ESV of the half-hour notification, "inf" or "infc", or "none".
        inf_delay_s: longest delay of the notification after the half hour, meter seconds.
        infc_repeats: how often an unanswered INFC is sent again.
        opc_limit: properties taken in one request; None: 6, or 7 in the second generation.
        currents: "tenth" or "whole" amperes (many meters give whole ones).
    """

    generation: int = 1
    coefficient: int | None = 1
    unit: int | None = None
    digits: int | None = None
    bought: int | None = None
    sold: int | None = None
    reverse: bool = True
    t_phase: bool = True
    serial: str | None = "AB12C345678"
    clock: bool = True
    history1: bool = True
    reverse_history: bool = True
    history2: bool | None = None
    history2_hours: int | None = None
    history2_far: str = "refused"
    memory_days: int = MAX_MEMORY_DAYS
    lost_days: tuple[int, int] | None = None
    fixed_time_lag_s: int = 3
    set_get: bool = False
    maker: str = "000016"
    location: str = "61"
    inf: str = "inf"
    inf_delay_s: int = 300
    infc_repeats: int = 3
    opc_limit: int | None = None
    currents: str = "tenth"

    @property
    def is_second_generation(self) -> bool:
        return self.generation >= 2

    @property
    def unit_code(self) -> int:
        if self.unit is not None:
            return self.unit
        return 3 if self.is_second_generation else 1

    @property
    def effective_digits(self) -> int:
        if self.digits is not None:
            return self.digits
        return 8 if self.is_second_generation else 6

    @property
    def has_history2(self) -> bool:
        return self.is_second_generation if self.history2 is None else self.history2

    @property
    def properties_a_request(self) -> int:
        if self.opc_limit is not None:
            return self.opc_limit
        return 7 if self.is_second_generation else 6

    @property
    def modulus(self) -> int:
        """Counters run modulo this, before coefficient and unit."""
        return int(10**self.effective_digits)

    @property
    def count_kwh(self) -> Decimal:
        """kWh of one count: coefficient times unit, exact."""
        scale = self.coefficient if self.coefficient else 1
        return Decimal(scale).scaleb(_UNIT_EXPONENTS[self.unit_code])

    @property
    def count_watt_seconds(self) -> int:
        return int(self.count_kwh * _WATT_SECONDS_PER_KWH)


def is_unit(code: int) -> bool:
    """Whether E1 may have this value."""
    return code in _UNIT_EXPONENTS


def half_hour_at_or_before(at: int) -> int:
    return at - at % HALF_HOUR_S
