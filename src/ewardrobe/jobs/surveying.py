"""`survey_dataset`, `read_groups`: every sample of a dataset looked at, in parallel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ewardrobe.datasets import Dataset, Sample
from ewardrobe.datasets.survey import Finding, examine
from ewardrobe.errors import EwardrobeError
from ewardrobe.jobs.converting import Piece, pieces_of
from ewardrobe.jobs.outcomes import reason_of
from ewardrobe.jobs.pool import run
from ewardrobe.taxonomy import Taxonomy

__all__ = ["read_groups", "survey_dataset"]


def survey_dataset(
    dataset: Dataset,
    on_findings: Callable[[list[Finding]], None],
    *,
    decode: bool = False,
    jobs: int = 1,
) -> None:
    """Call `on_findings` with what is in each piece of the dataset, as the pieces are done.

    A sample that cannot be used is a finding with an `error`. With `decode` every photo is decoded too.
    """
    work = partial(_examine_piece, decode)
    for _, result in run(partial(_same, dataset.taxonomy), work, pieces_of(dataset), jobs=jobs):
        if isinstance(result, Exception):
            raise result
        on_findings(result)


def read_groups(
    dataset: Dataset, on_done: Callable[[int], None] | None = None, *, jobs: int = 1
) -> dict[str, str | None]:
    """The group of each sample, `None` where it has none or cannot be read; in the dataset's order.

    Annotations are read only where groups may be written there. `on_done` is called with the number of samples of
    each finished piece.
    """
    found: dict[str, str | None] = dict.fromkeys(dataset.ids)
    if not dataset.groups_in_annotations:
        found.update((sample.id, sample.group) for sample in dataset)
        return found
    for piece, result in run(_nothing, _groups_of_piece, pieces_of(dataset), jobs=jobs):
        if isinstance(result, Exception):
            raise result
        found.update(result)
        if on_done is not None:
            on_done(len(piece.numbers))
    return found


def _nothing() -> None:
    """Reading groups needs nothing that is kept between pieces."""


def _groups_of_piece(_: None, piece: Piece) -> dict[str, str | None]:
    return {sample.id: _group(sample) for sample in piece.samples}


def _group(sample: Sample) -> str | None:
    try:
        return sample.read_group()
    except EwardrobeError:
        return None


def _same(taxonomy: Taxonomy | None) -> Taxonomy | None:
    return taxonomy


def _examine_piece(decode: bool, taxonomy: Taxonomy | None, piece: Piece) -> list[Finding]:
    return [_examine(sample, taxonomy, decode) for sample in piece.samples]


def _examine(sample: Sample, taxonomy: Taxonomy | None, decode: bool) -> Finding:
    try:
        return examine(sample, taxonomy, decode=decode)
    except Exception as error:
        return Finding(sample.id, error=reason_of(error))
