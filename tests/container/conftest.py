"""The image, built once for all tests here, and what its containers find around them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.container.surroundings import Surroundings, surroundings_in
from tests.rigs.container.engine import build_image, why_unavailable


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def image() -> None:
    """Built from the Dockerfile; the tests are skipped where that can't be done."""
    if reason := why_unavailable():
        pytest.skip(f"container: {reason}")
    await build_image()


@pytest_asyncio.fixture
async def surroundings(tmp_path: Path, image: None) -> AsyncIterator[Surroundings]:
    """A household's."""
    async with surroundings_in(tmp_path) as found:
        yield found
