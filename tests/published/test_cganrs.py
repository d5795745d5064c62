import dataclasses

import numpy as np
import pytest

from ganrs_jax.data.user_groups import AGE_BANDS, user_groups
from ganrs_jax.errors import InputError
from ganrs_jax.published import cganrs
from tests.models import ASKED, quick

REQUEST = ASKED["cganrs"]


@pytest.fixture(scope="module")
def ratings(tiny):
    return tiny


@pytest.fixture(scope="module")
def generator(trained):
    return trained("cganrs")


def shares(dataset, name="gender"):
    return dict(zip(*np.unique(dataset.groups[name], return_counts=True), strict=True))


def test_users_come_in_the_sources_shares(generator):
    dataset = cganrs.generate(generator, REQUEST)
    assert shares(dataset) == {"F": 15, "M": 15}
    assert len(dataset.groups["gender"]) == 30


def test_users_come_in_the_asked_shares(generator):
    dataset = cganrs.generate(generator, dataclasses.replace(REQUEST, group_shares={"F": 0.9, "M": 0.1}))
    assert shares(dataset) == {"F": 27, "M": 3}
    used = np.unique(dataset.user)
    assert (dataset.groups["gender"][used] == "M").sum() <= 3
    only = cganrs.generate(generator, dataclasses.replace(REQUEST, group_shares={"M": 1.0}))
    assert shares(only) == {"M": 30}


def test_groups_share_one_catalogue(generator):
    """The notebook gave group 2 the item clusters of group 1; here an item id means the same for both."""
    dataset = cganrs.generate(generator, REQUEST)
    women = dataset.groups["gender"][dataset.user] == "F"
    assert set(dataset.item[women]) | set(dataset.item[~women]) == set(range(25))


@pytest.mark.parametrize("given", [{"F": 0.5}, {"F": 0.5, "X": 0.5}, {"F": 1.5, "M": -0.5}])
def test_shares_that_cannot_be_are_refused(given, generator):
    with pytest.raises(InputError, match="accepted: shares of F, M, none below 0, summing to 1"):
        cganrs.generate(generator, dataclasses.replace(REQUEST, group_shares=given))


def test_requests_are_refused_before_training_too(ratings):
    config = quick("cganrs")
    cganrs.check_request(ratings, config, REQUEST)
    with pytest.raises(InputError, match=r"group .* cannot be filled by .*; accepted: `num_users="):
        cganrs.check_request(ratings, config, dataclasses.replace(REQUEST, num_users=2999))


def test_ages_become_bands(ratings):
    people = {"age": np.where(np.arange(80) % 4 == 0, -1, np.arange(80)).astype(np.int16)}
    known, names, code = user_groups(dataclasses.replace(ratings, demographics=people), "age", "config.group")
    assert names == list(AGE_BANDS)
    assert known.sum() == 60
    assert [names[code[age]] for age in (1, 17, 18, 25, 45, 55, 57)] == [
        *("under 18", "under 18", "18-24", "25-34", "45-49", "50-55", "56+")
    ]


def test_users_of_unknown_group_are_left_out(ratings):
    gender = np.where(np.arange(80) < 20, "", ratings.demographics["gender"])
    some = dataclasses.replace(ratings, demographics={"gender": gender})
    made = cganrs.fit([0], some, [cganrs.CganrsConfig(embedding_epochs=1, gan_steps=5)])[0]
    assert sum(made.groups.num_users) == 60
    assert made.source.ratings == sum(made.groups.num_ratings) == (some.user >= 20).sum()


def test_a_source_without_groups_is_refused(ratings):
    config = cganrs.CganrsConfig()
    with pytest.raises(InputError, match="gender` is not known of its users; it has: no demographics"):
        cganrs.fit([0], dataclasses.replace(ratings, demographics={}), [config])
    same = dataclasses.replace(ratings, demographics={"gender": np.full(80, "F")})
    with pytest.raises(InputError, match="one gender group only"):
        cganrs.fit([0], same, [config])
