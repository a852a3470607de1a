"""Where to cut a sequence, so that what comes of it costs least."""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from math import inf


def cheapest_parts(count: int, parts: Callable[[int], Iterable[tuple[int, float]]]) -> Iterator[tuple[int, int]]:
    """Cut ``count`` things into parts with the least sum of costs; each part is from one index up to another.

    ``parts`` says of an index where a part that begins there may end, at one place at least, and what it then costs.
    """
    costs = [0.0] + [inf] * count
    begins = [0] * (count + 1)
    for begin in range(count):
        if costs[begin] == inf:
            continue
        for end, cost in parts(begin):
            if costs[begin] + cost < costs[end]:
                costs[end] = costs[begin] + cost
                begins[end] = begin
    cuts = [count]
    while cuts[-1]:
        cuts.append(begins[cuts[-1]])
    return pairwise(reversed(cuts))
