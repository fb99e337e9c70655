"""Splits that stay the same on every machine and keep what belongs together on one side."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ewardrobe.errors import DatasetError

__all__ = ["hashed_fraction", "hashed_split", "split_units", "take_units"]


def hashed_fraction(key: str, seed: int = 0) -> float:
    """A number in 0..1 from a hash of `key`, the same on every machine, as if drawn by chance."""
    digest = hashlib.sha256(f"{seed}:{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def hashed_split(key: str, *, val_share: float, seed: int = 0) -> str:
    """`train` or `val` for one key, from a hash of it: adding samples never moves another one.

    Raises:
        DatasetError: `val_share` is not between 0 and 1.
    """
    if not 0 <= val_share <= 1:
        raise DatasetError(f"a val share of {val_share} makes no split: give a number from 0 to 1")
    return "val" if hashed_fraction(key, seed) < val_share else "train"


def split_units(
    labels: Mapping[str, Iterable[str]],
    shares: Mapping[str, float],
    *,
    groups: Mapping[str, str | None],
    stratify: bool = False,
    seed: int = 0,
) -> dict[str, list[str]]:
    """Ids of each split, in the order given; the ids of one group fall into the same split.

    Without `stratify` each group's hash decides: adding samples never moves another one. With it, no split gets
    more than its share by a whole group, and the splits get each class in their shares as well as groups allow,
    rarest class first (iterative stratification, Sechidis et al. 2011, with groups in the place of samples).

    Args:
        labels: the classes of each id, in order.
        shares: the share of each split, 0..1, 1 in all.
        groups: the group of each id; `None` for an id that belongs to none.
        stratify: whether the classes count.
        seed: another seed gives another split.

    Raises:
        DatasetError: the shares are not positive or do not add up to 1.
    """
    if not shares or min(shares.values()) < 0 or abs(sum(shares.values()) - 1) > 1e-9:
        raise DatasetError(f"shares {dict(shares)} make no split: they are from 0 to 1, and 1 together")
    units = _units(labels, groups)
    if stratify:
        split_of = _stratified(units, labels, shares, seed)
    else:
        split_of = {unit: _by_hash(unit, shares, seed) for unit in units}
    chosen = {name: split_of[unit] for unit, names in units.items() for name in names}
    return {split: [name for name in labels if chosen[name] == split] for split in shares}


def take_units(groups: Mapping[str, str | None], count: int, *, seed: int = 0) -> list[str]:
    """At least `count` of the ids in `groups`, in their order, whole groups chosen by a hash.

    There are more by less than a group. What is taken with a smaller count is always among what is taken with a
    larger one.

    Args:
        groups: the ids, with the group of each; `None` for an id that belongs to none.
        count: how many are wanted.
        seed: another seed takes other ids.
    """
    units = _units(groups, groups)
    taken: set[str] = set()
    for unit in sorted(units, key=lambda unit: hashed_fraction(unit, seed)):
        if len(taken) >= count:
            break
        taken.update(units[unit])
    return [name for name in groups if name in taken]


def _units(ids: Iterable[str], groups: Mapping[str, str | None]) -> dict[str, list[str]]:
    """What falls on one side together: the ids of a group, or one id alone."""
    units: dict[str, list[str]] = defaultdict(list)
    for name in ids:
        group = groups.get(name)
        units[f"alone:{name}" if group is None else f"group:{group}"].append(name)
    return units


def _by_hash(unit: str, shares: Mapping[str, float], seed: int) -> str:
    place, end = hashed_fraction(unit, seed), 0.0
    for split, share in shares.items():
        end += share
        if place < end:
            return split
    return max(shares, key=lambda split: shares[split])  # rounding left the end just below 1


def _stratified(
    units: Mapping[str, Sequence[str]],
    labels: Mapping[str, Iterable[str]],
    shares: Mapping[str, float],
    seed: int,
) -> dict[str, str]:
    counts = {
        unit: Counter(label for name in names for label in set(labels[name])) for unit, names in units.items()
    }
    totals = sum(counts.values(), Counter[str]())
    wanted = {split: {label: share * totals[label] for label in totals} for split, share in shares.items()}
    room = {split: share * len(labels) for split, share in shares.items()}
    by_label: dict[str, list[str]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: hashed_fraction(unit, seed)):
        for label in counts[unit] or ("",):  # units of no class come last, by room alone
            by_label[label].append(unit)
    split_of: dict[str, str] = {}
    for label in sorted(by_label, key=lambda label: (label == "", totals[label], label)):
        for unit in by_label[label]:
            if unit in split_of:
                continue
            # Sorting alone overfills a small split with the rare classes, which are many together.
            open_ = [split for split in shares if room[split] > 0] or list(shares)
            split = max(open_, key=lambda split: (wanted[split].get(label, 0.0), room[split]))
            split_of[unit] = split
            room[split] -= len(units[unit])
            for own, count in counts[unit].items():
                wanted[split][own] -= count
    return split_of
