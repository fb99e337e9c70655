"""`survey_dataset`: every sample of a dataset looked at, in parallel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ewardrobe.datasets import Dataset, Sample
from ewardrobe.datasets.survey import Finding, examine
from ewardrobe.jobs.converting import Piece, pieces_of
from ewardrobe.jobs.outcomes import reason_of
from ewardrobe.jobs.pool import run
from ewardrobe.taxonomy import Taxonomy

__all__ = ["survey_dataset"]


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


def _same(taxonomy: Taxonomy | None) -> Taxonomy | None:
    return taxonomy


def _examine_piece(decode: bool, taxonomy: Taxonomy | None, piece: Piece) -> list[Finding]:
    return [_examine(sample, taxonomy, decode) for sample in piece.samples]


def _examine(sample: Sample, taxonomy: Taxonomy | None, decode: bool) -> Finding:
    try:
        return examine(sample, taxonomy, decode=decode)
    except Exception as error:
        return Finding(sample.id, error=reason_of(error))
