"""Splits: stable, of the share asked for, and never through the middle of a group."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe.datasets import CCP_PAIRS, hashed_split, split_ids
from ewardrobe.errors import DatasetError

IDS = [f"{number:04}" for number in range(1, 1005)]


def test_pairs_stay_together_and_the_share_holds() -> None:
    for seed in range(20):
        split = split_ids(IDS, val_share=0.2, seed=seed, groups=CCP_PAIRS)
        val = set(split["val"])
        assert sorted(split["train"] + split["val"]) == IDS
        assert 0.15 < len(val) / len(IDS) < 0.25
        assert all((first in val) == (second in val) for first, second in CCP_PAIRS)


def test_pairs_would_be_torn_without_groups() -> None:
    torn = 0
    for seed in range(20):
        val = set(split_ids(IDS, val_share=0.2, seed=seed)["val"])
        torn += sum((first in val) != (second in val) for first, second in CCP_PAIRS)
    assert torn > 0


@given(
    groups=st.lists(st.lists(st.sampled_from(IDS[:30]), min_size=1, max_size=4), max_size=12),
    seed=st.integers(0, 1000),
)
def test_overlapping_groups_are_one(groups: list[list[str]], seed: int) -> None:
    split = split_ids(IDS[:30], val_share=0.5, seed=seed, groups=groups)
    side = {name: part for part, names in split.items() for name in names}
    assert len(side) == 30
    for group in groups:
        assert len({side[name] for name in group}) == 1


@given(st.text(), st.text())
def test_a_new_sample_moves_no_other(name: str, other: str) -> None:
    alone = split_ids([name], val_share=0.3)
    together = split_ids([name, other], val_share=0.3)
    assert (name in alone["val"]) == (name in together["val"])


def test_ends_of_the_range() -> None:
    assert not split_ids(IDS, val_share=0)["val"]
    assert not split_ids(IDS, val_share=1)["train"]
    with pytest.raises(DatasetError):
        hashed_split("x", val_share=1.5)
