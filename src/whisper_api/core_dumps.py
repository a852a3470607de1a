"""Recordings and texts must not reach a disk by way of a crash."""

import resource


def no_core_dumps() -> None:
    """Have the kernel write no memory image of this process, nor of those that it starts.

    A limit of 1 byte and not of 0: dumps that are piped to a program ignore every limit but this one
    (core(5), "Piping core dumps to a program").
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = 1 if hard == resource.RLIM_INFINITY else min(1, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
