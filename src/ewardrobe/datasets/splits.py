"""Splits that stay the same on every machine and keep what belongs together on one side."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from ewardrobe.errors import DatasetError

__all__ = ["hashed_split", "split_ids"]


def hashed_split(key: str, *, val_share: float, seed: int = 0) -> str:
    """`train` or `val` for one key, from a hash of it: adding samples never moves another one.

    Raises:
        DatasetError: `val_share` is not between 0 and 1.
    """
    if not 0 <= val_share <= 1:
        raise DatasetError(f"a val share of {val_share} makes no split: give a number from 0 to 1")
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return "val" if int.from_bytes(digest[:8], "big") < val_share * 2**64 else "train"


def split_ids(
    ids: Iterable[str], *, val_share: float, seed: int = 0, groups: Iterable[Sequence[str]] = ()
) -> dict[str, list[str]]:
    """Ids of `train` and `val`, in the order given, where the ids of one group fall on the same side.

    Args:
        ids: what to split.
        val_share: expected share of `val`, 0..1.
        seed: another seed gives another split.
        groups: ids that show the same thing, such as `CCP_PAIRS`; groups that share an id are one group.
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while (parent := leader.get(name, name)) != name:
            name = parent
        return name

    for group in groups:
        for member in group[1:]:
            first, second = sorted((find(group[0]), find(member)))
            leader[second] = first
    split: dict[str, list[str]] = {"train": [], "val": []}
    for name in ids:
        split[hashed_split(find(name), val_share=val_share, seed=seed)].append(name)
    return split
