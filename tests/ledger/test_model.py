"""Whatever is kept in whatever order: the ledger answers as a plain dict does."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from broute_addon.ledger import Ledger
from broute_addon.meter.half_hours import HALF_HOUR, Direction, HalfHour, Source
from broute_addon.meter.profile import EnergyScale
from tests.ledger.values import MIDNIGHT, ledger_in

UIDS = ("broute_0123456789", "broute_9876543210")
SCALES = (EnergyScale(1, -1, 6), EnergyScale(1, -2, 8))
SLOTS = 12

Key = tuple[str, Direction, datetime]
Model = dict[Key, tuple[int | None, EnergyScale]]

values = st.builds(
    HalfHour,
    st.integers(0, SLOTS - 1).map(lambda number: MIDNIGHT + number * HALF_HOUR),
    st.sampled_from(Direction),
    st.none() | st.integers(0, 3),
    st.sampled_from(Source),
)
batches = st.tuples(st.sampled_from(UIDS), st.sampled_from(SCALES), st.lists(values, max_size=6))
spans = st.tuples(st.integers(-2, SLOTS), st.integers(-2, SLOTS)).map(sorted)


def kept(model: Model, uid: str, scale: EnergyScale, batch: Iterable[HalfHour]) -> int:
    """What `Ledger.keep` promises, in a few plain words."""
    changed = 0
    for value in batch:
        key = (uid, value.direction, value.at)
        before = model.get(key)
        is_news = before is None or (value.raw is not None and before != (value.raw, scale))
        if is_news:
            model[key] = (value.raw, scale)
            changed += 1
    return changed


@settings(deadline=None, max_examples=60)
@given(
    st.lists(batches | st.just("restart"), max_size=12),
    st.sets(st.sampled_from(Direction), min_size=1),
    spans,
)
def test_the_ledger_answers_as_a_dict_does(
    steps: list[tuple[str, EnergyScale, list[HalfHour]] | str],
    directions: set[Direction],
    span: list[int],
) -> None:
    model: Model = {}
    since, until = (MIDNIGHT + number * HALF_HOUR for number in span)
    with TemporaryDirectory() as folder:
        remaining = iter(steps)
        is_over = False
        while not is_over:
            is_over = True
            with ledger_in(Path(folder)) as ledger:
                for step in remaining:
                    if isinstance(step, str):
                        is_over = False
                        break
                    assert ledger.keep(*step) == kept(model, *step)
                for uid in UIDS:
                    compare(ledger, model, uid, directions, (since, until))


def compare(
    ledger: Ledger,
    model: Model,
    uid: str,
    directions: set[Direction],
    span: tuple[datetime, datetime],
) -> None:
    since, until = span
    for direction in Direction:
        stands = [(stand.at, stand.raw, stand.scale) for stand in ledger.series(uid, direction)]
        assert stands == sorted(
            (at, raw, scale)
            for (one, whose, at), (raw, scale) in model.items()
            if one == uid and whose is direction and raw is not None
        )
    slots = [since + number * HALF_HOUR for number in range((until - since) // HALF_HOUR + 1)]
    keys = [(uid, direction, at) for at in slots for direction in directions]
    told = {key: model[key][0] for key in keys if key in model}
    known = [at for (_, _, at), raw in told.items() if raw is not None]
    assert ledger.holes(uid, directions, since, until) == [
        at for at in slots if any((uid, one, at) not in model for one in directions)
    ]
    coverage = ledger.coverage(uid, directions, since, until)
    assert coverage.known == len(known)
    assert coverage.gone == len(told) - len(known)
    assert coverage.missing == len(keys) - len(told)
    assert coverage.oldest == min(known, default=None)
    assert coverage.newest == max(known, default=None)
