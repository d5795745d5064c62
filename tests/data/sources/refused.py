"""What is refused, and how it is told."""

import dataclasses

import pandas as pd
import pytest

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError

STARS = ReadOptions(scale="1:5:1")


def failure(name_or_path, options=ReadOptions()) -> str:  # noqa: B008 - frozen
    source = name_or_path if isinstance(name_or_path, pd.DataFrame) else str(name_or_path)
    with pytest.raises(InputError) as caught:
        load_ratings(source, dataclasses.replace(options, download=False))
    text = str(caught.value)
    assert "\n" not in text
    assert "InputError" not in text
    return text
