"""Kill -9 at any moment of the whole product: nothing lost, nothing wrong, nothing read twice."""

from tests.scenarios.kill_run import KILLS_A_ROUND, killed


async def test_a_product_killed_at_random_moments_loses_nothing() -> None:
    """`python -m tests.scenarios.kill_run` does it 500 times."""
    score = await killed(KILLS_A_ROUND, seed=4)
    assert score.kills == KILLS_A_ROUND
    assert score.told > 40, "hardly anything was read from the meter's memory"
