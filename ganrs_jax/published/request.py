"""Requests to the published recipes: a number of raw samples, from which duplicates are then dropped."""

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from ganrs_jax.checks import check_memory
from ganrs_jax.errors import InputError

_SAMPLE_BYTES = 200  # of memory at the peak per raw sample, measured
_SEEDS = 2**32  # a key is made of 32 bits


@dataclasses.dataclass(frozen=True)
class RawSamplesRequest:
    """The dataset that is wanted of a published recipe; omitted sizes default to the source's."""

    num_users: int = 0  # users, the clusters of the samples' user vectors; 0 = the source's
    num_items: int = 0  # items, likewise
    num_samples: int = 0  # raw samples drawn, more than the rows that stay; 0 = the source's ratings
    sigma: float = 0.0  # standard deviation of the noise, 0.2 to 3 ("variability"); 0 = the recipe's own
    seed: int = 0  # of everything random in generation


@dataclasses.dataclass(frozen=True)
class GroupsRequest(RawSamplesRequest):
    """As `RawSamplesRequest`, with the demography."""

    group_shares: Mapping[str, float] = dataclasses.field(default_factory=dict)  # of users; sum to 1; {} = the source's


Request = TypeVar("Request", bound=RawSamplesRequest)


def complete_request(request: Request, num_users: int, num_items: int, num_ratings: int, sigma: float) -> Request:
    """The request with the source's sizes, and the recipe's sigma, where it has none.

    Raises:
      InputError: on a number that is negative or not finite, more users or items than samples, or more samples than
        memory holds.
    """
    for name in ("num_users", "num_items", "num_samples", "sigma"):
        value = getattr(request, name)
        if not 0 <= value < float("inf"):
            raise InputError(f"`{name}={value}` is out of range; accepted: a number over 0, or 0 for the default")
    if not 0 <= request.seed < _SEEDS:
        raise InputError(f"`seed={request.seed}` is out of range; accepted: 0 to {_SEEDS - 1}")
    request = dataclasses.replace(
        request,
        num_users=request.num_users or num_users,
        num_items=request.num_items or num_items,
        num_samples=request.num_samples or num_ratings,
        sigma=request.sigma or sigma,
    )
    check_memory("num_samples", request.num_samples, _SAMPLE_BYTES)
    for name in ("num_users", "num_items"):
        if getattr(request, name) > request.num_samples:
            raise InputError(
                f"`{name}={getattr(request, name)}` cannot be filled by `num_samples={request.num_samples}`; "
                f"accepted: 1 to {request.num_samples}, or more samples"
            )
    return request
