"""Splits by hash: stable, of the share asked for, and never through the middle of a pair."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe.datasets import CCP_PAIRS, hashed_split, split_units
from ewardrobe.errors import DatasetError

IDS = dict.fromkeys((f"{number:04}" for number in range(1, 1005)), ())
SHARES = {"train": 0.8, "val": 0.2}


def torn(groups: dict[str, str]) -> int:
    """How many of the photos labelled twice come to lie in both splits, over 20 seeds."""
    count = 0
    for seed in range(20):
        split = split_units(IDS, SHARES, groups=groups, seed=seed)
        val = set(split["val"])
        assert sorted(split["train"] + split["val"]) == list(IDS)
        assert 0.15 < len(val) / len(IDS) < 0.25
        count += sum((first in val) != (second in val) for first, second in CCP_PAIRS)
    return count


def test_pairs_stay_together_that_would_be_torn_without_groups() -> None:
    assert torn({}) > 0
    assert torn({name: first for first, second in CCP_PAIRS for name in (first, second)}) == 0


@given(st.text(), st.text())
def test_a_new_sample_moves_no_other(name: str, other: str) -> None:
    alone = split_units({name: ()}, SHARES, groups={})
    together = split_units({name: (), other: ()}, SHARES, groups={})
    assert (name in alone["val"]) == (name in together["val"])
    assert hashed_split(name, val_share=0) == "train" and hashed_split(name, val_share=1) == "val"


def test_a_share_beyond_the_whole() -> None:
    with pytest.raises(DatasetError, match="makes no split"):
        hashed_split("x", val_share=1.5)
