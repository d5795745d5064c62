"""Sizes that requests leave out, and offers: each, taken as it is told, is met."""

import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganrs_jax.data.ratings import Scale
from ganrs_jax.errors import InputError
from ganrs_jax.profile.settings import ProfileConfig, RatingsRequest, complete_request
from ganrs_jax.sampling.distributions import degree_distribution
from ganrs_jax.statistics.summary import SourceSummary
from tests.offers import offered

SIZES = ("num_users", "num_items", "num_ratings")


@functools.lru_cache(maxsize=64)
def source_of(users: int, items: int, ratings: int, skew: tuple[float, float] = (0.0, 0.0), seed: int = 0):
    """The summary of distinct pairs of users and items, the more popular ones likelier, and their degrees."""
    rng = np.random.default_rng(seed)
    weight = np.add.outer(
        *(-power * np.log(np.arange(1, n + 1)) for power, n in zip(skew, (users, items), strict=True))
    )
    pairs = np.argsort(-(weight + rng.gumbel(size=weight.shape)), axis=None)[:ratings]
    return described(*(np.unique(ids, return_counts=True)[1] for ids in np.divmod(pairs, items)))


def described(*degrees: np.ndarray):
    """The summary of a source of which these are the ratings per user and per item, and their distributions."""
    histogram = {"rating_levels": (1.0, 2.0), "rating_histogram": (0.5, 0.5)}
    moments = dict.fromkeys(("mean_rating", "std_rating", "gini_user", "gini_item"), 0.5)
    summary = SourceSummary(
        *map(len, degrees),
        int(degrees[0].sum()),
        **histogram,
        **moments,
        repeated_pairs=0,
        name="s",
        scale=Scale(1, 2),
        digest="",
        notes=(),
    )
    return summary, *map(degree_distribution, degrees)


MOVIELENS = (943, 1682, 100_000, (0.6, 1.0))


def completed(source, **asked) -> RatingsRequest:
    return complete_request(RatingsRequest(**asked), ProfileConfig(), *source, source[0].items)


def sizes(source, **asked) -> tuple[int, ...]:
    found = completed(source, **asked)
    return tuple(getattr(found, name) for name in SIZES)


@st.composite
def sources(draw):
    if draw(st.integers(0, 9)) == 0:
        return source_of(*MOVIELENS)
    users, items = (draw(st.integers(1, 40)) for _ in range(2))
    least = max(users, items)
    ratings = draw(st.one_of(st.just(least), st.just(users * items), st.integers(least, users * items)))
    skew = tuple(draw(st.sampled_from((0.0, 0.7, 1.5, 4.0))) for _ in range(2))
    return source_of(users, items, ratings, skew, draw(st.integers(0, 3)))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[str]:
    """Of weights, few and many, level and steep."""
    folder = tmp_path_factory.mktemp("weights")
    for number, power in ((1, 0), (7, 0.5), (30, 3), (300, 1)):
        np.savetxt(folder / f"{number}.txt", np.arange(1, number + 1.0) ** -power)
    return sorted(map(str, folder.iterdir()))


@st.composite
def requests(draw, summary: SourceSummary, files: list[str]):
    def size(own: int) -> int:
        return draw(st.one_of(st.just(0), st.integers(1, 9), st.integers(1, own), st.integers(1, 8 * own)))

    parameters = st.sampled_from((0.3, 0.8, 1.2, 2.0, 5.0, 50.0))
    forms = st.one_of(
        st.just("source"),
        st.just("uniform"),
        st.sampled_from(files),
        st.builds("{}:{}".format, st.sampled_from(("power", "lognormal")), parameters),
    )
    asked = [size(own) for own in (summary.users, summary.items, summary.ratings)]
    return RatingsRequest(*asked, activity=draw(forms), popularity=draw(forms))


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(data=st.data())
def test_a_request_is_met_or_told_of_requests_that_are(files, data):
    source = data.draw(sources())
    request = data.draw(requests(source[0], files))
    try:
        found = complete_request(request, ProfileConfig(), *source, source[0].items)
    except InputError as error:
        for other in offered(str(error), request):
            complete_request(other, ProfileConfig(), *source, source[0].items)
        return
    for name in SIZES:
        assert getattr(found, name) == getattr(request, name) or not getattr(request, name)
    assert max(found.num_users, found.num_items) <= found.num_ratings <= found.num_users * found.num_items
    assert request.num_users or found.num_users == source[0].users
    assert request.num_items or found.num_items <= source[0].items


def test_with_no_size_asked_for_they_are_the_sources():
    for source in (described(*np.ones((2, 300), int)), source_of(40, 30, 1200), source_of(*MOVIELENS)):
        assert sizes(source) == (source[0].users, source[0].items, source[0].ratings)


def test_items_left_out_are_the_sources_unless_the_ratings_are_few():
    dense, sparse = source_of(40, 30, 600), described(*np.ones((2, 300), int))
    uniform = {"activity": "uniform", "popularity": "uniform"}
    assert sizes(dense, num_ratings=300) == (40, 30, 300)
    assert sizes(dense, num_users=2) == (2, 15, 30)  # half as many as the ratings, so that they have a distribution
    assert sizes(sparse, num_users=100) == (100, 100, 100)  # no fewer than the source has for its ratings
    assert sizes(dense, num_users=1, **uniform) == (1, 15, 15)  # nor than the user can rate
    assert sizes(dense, num_users=1, num_ratings=25, **uniform) == (1, 25, 25)


def test_ratings_left_out_are_as_many_per_user_as_in_the_source_or_near_it():
    source = source_of(*MOVIELENS)
    assert sizes(source, num_users=1886) == (1886, 1682, 200_000)
    assert sizes(source, num_users=1886, popularity="power:0.5") == (1886, 1682, 200_000)
    assert sizes(source, num_items=841) == (943, 841, 50_000)  # fewer items take their share
    users, items, ratings = sizes(source, num_users=10, num_items=1682)
    assert (users, items) == (10, 1682)
    assert ratings > 2 * 10 * source[0].ratings / source[0].users  # so few users have rated so many items


def refused(source, **asked) -> str:
    with pytest.raises(InputError) as error:
        completed(source, **asked)
    for other in offered(str(error.value), RatingsRequest(**asked)):
        completed(source, **dataclasses.asdict(other))
    return str(error.value)


def test_ids_of_the_source_bound_the_items_that_are_chosen_or_offered():
    source, request = source_of(40, 30, 600), RatingsRequest(item_ids="source")

    def completed(request: RatingsRequest) -> RatingsRequest:
        return complete_request(request, ProfileConfig(), *source, 20)

    assert completed(request) == dataclasses.replace(
        completed(RatingsRequest(num_items=20, num_ratings=600)), item_ids="source"
    )
    assert completed(dataclasses.replace(request, num_items=20)).num_items == 20
    with pytest.raises(InputError, match=r"`num_items=21` is more than the 20 items of .*up to 20, or `item_ids=new`"):
        completed(dataclasses.replace(request, num_items=21))
    over = dataclasses.replace(request, num_users=40, num_ratings=900)  # of 40 x 20 pairs
    with pytest.raises(InputError, match="`num_ratings=900` is more than the 800 pairs") as error:
        completed(over)
    assert [completed(other).num_items for other in offered(str(error.value), over)]


def test_offers_of_sizes():
    source = source_of(*MOVIELENS)
    said = refused(source, num_ratings=3)
    assert said.startswith("`num_ratings=3` is less than one for each of `num_users=943`; accepted: `num_users=3`, or")
    assert "`popularity=uniform`" in refused(source, num_users=1)
    said = refused(source_of(40, 30, 600), num_users=10, num_items=10, num_ratings=101)
    assert said.startswith(
        "`num_ratings=101` is more than the 100 pairs of `num_users=10` and `num_items=10`; accepted"
    )


def test_the_exponent_and_the_ratings_offered_are_the_nearest():
    source = source_of(*MOVIELENS)
    offers = offered(refused(source, activity="power:3"), RatingsRequest(activity="power:3"))
    exponent = float(offers[0].activity.partition(":")[2])
    refused(source, activity=f"power:{exponent + 0.01:.2f}")
    asked = {"num_users": 943, "num_items": 1682, "num_ratings": 1800}
    ratings = offered(refused(source, **asked), RatingsRequest(**asked))[-1].num_ratings
    refused(source, **asked | {"num_ratings": round(ratings / 1.02)})


def test_offers_for_files_of_another_length(tmp_path):
    path = tmp_path / "w.txt"
    path.write_text("3\n2\n1\n")
    source = source_of(40, 30, 600)
    said = refused(source, num_users=20, num_items=20, num_ratings=300, popularity=str(path))
    assert said.startswith(f"`popularity={path}`: 3 weights for 20 items; accepted: `num_items=3` with `num_ratings=")
    assert said.endswith("or `popularity=uniform`")
    path.write_text("100\n" * 30 + "1\n" * 70)
    said = refused(source, num_users=100, num_items=100, num_ratings=3070, activity=str(path), popularity=str(path))
    assert "do not fit together" in said
    assert "accepted: `activity=uniform`, or `popularity=uniform`, or `num_ratings=" in said
