"""One seed, from the first start of the process to its last stop."""

import asyncio
import contextlib
import hashlib
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from broute_addon.ledger import Ledger
from broute_addon.simulator import VirtualTimeDeadlockError, run_virtual
from broute_addon.soak.invariants import Invariants
from broute_addon.soak.plan import Plan
from broute_addon.soak.world import World


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed. `breach` is the invariant and what broke it; `digest` is of all that
    was published."""

    seed: int
    days: float
    breach: tuple[str, str] | None
    digest: str
    values: int = 0
    half_hours: int = 0
    injected: Mapping[str, int] = field(default_factory=dict)
    moments: Mapping[str, int] = field(default_factory=dict)
    without_value_s: Mapping[str, float] = field(default_factory=dict)
    to_recover_s: Mapping[str, float] = field(default_factory=dict)


def play(plan: Plan) -> Outcome:
    """Runs a plan in virtual time. The same plan gives the same outcome, in any process."""
    random.seed(plan.seed)  # the jitter of reconnections to the broker
    try:
        return run_virtual(_play(plan))
    except VirtualTimeDeadlockError as error:
        return Outcome(plan.seed, plan.days, ("never stuck", str(error)), "")


def _stored(world: World) -> bytes:
    """All that outlives the process, and what Home Assistant has of it."""
    with contextlib.closing(Ledger(world.folder.path)) as ledger:
        half_hours = "".join(f"{row}\n" for row in ledger.rows())
    return f"{world.memory.text}\n{half_hours}{sorted(world.core.rows.items())}".encode()


async def _play(plan: Plan) -> Outcome:
    world = World(plan)
    published = hashlib.sha256()
    loop = asyncio.get_running_loop()

    def record(topic: str, payload: str, retain: bool) -> None:
        line = f"{loop.time():.6f} {topic} {payload} {retain}\n"
        published.update(line.encode())

    world.broker.hooks.append(record)
    invariants = Invariants(world)
    loop.set_exception_handler(
        lambda _, context: invariants.broke("never ends by itself", str(context))
    )
    world.schedule()
    world.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(invariants.watch(), name="watch")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(plan.seconds):
                    await invariants.broken.wait()
            watch.cancel()
        await invariants.until_complete()
        invariants.is_stopping = True
        await world.finish()
        await asyncio.sleep(5.0)  # what was killed comes to its end
        invariants.finish()
        published.update(_stored(world))
    finally:
        invariants.close()
        world.close()
    published.update(repr(invariants.breach).encode())
    return Outcome(
        seed=plan.seed,
        days=world.now / 86_400,
        breach=invariants.breach,
        digest=published.hexdigest(),
        values=invariants.values,
        half_hours=invariants.half_hours,
        injected=Counter(world.timeline.injected),
        moments=Counter(world.moments),
        without_value_s=dict(world.timeline.without_value_s),
        to_recover_s=dict(world.timeline.to_recover_s),
    )
