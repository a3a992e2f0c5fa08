"""Cutting a stream anywhere."""

from collections.abc import Iterator

from hypothesis import strategies as st

sizes = st.lists(st.integers(1, 40), min_size=1, max_size=20) | st.just([1]) | st.just([10_000])
"""Sizes of chunks, used round and round."""


def cut(stream: bytes, lengths: list[int]) -> Iterator[bytes]:
    """The stream in chunks of these lengths."""
    position = turn = 0
    while position < len(stream):
        size = lengths[turn % len(lengths)]
        yield stream[position : position + size]
        position, turn = position + size, turn + 1
