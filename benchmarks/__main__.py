"""`python -m benchmarks [NAME…]`: measures in real time and prints Markdown tables.

All of it takes about half an hour, most of it waiting for the simulated radio.
"""

import argparse
import asyncio

from benchmarks.measure import MEASUREMENTS


async def measure(names: list[str]) -> None:
    """One after the other, so that none disturbs another's times."""
    for name in names:
        print(await MEASUREMENTS[name](), flush=True)


def main() -> None:
    """Runs what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    names = parser.parse_args().names or list(MEASUREMENTS)
    if unknown := set(names) - MEASUREMENTS.keys():
        parser.error(f"{unknown.pop()!r} is not one of {', '.join(MEASUREMENTS)}")
    asyncio.run(measure(names))


if __name__ == "__main__":
    main()
