"""`convert_dataset`: any dataset into COCO, YOLO or label maps, in parallel, and on from where it was stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ewardrobe.datasets import BrokenSample, Dataset, Sample
from ewardrobe.datasets.writers import WRITERS, PhotoMode, Record, Shards, Target, Writer
from ewardrobe.errors import DatasetError, EwardrobeError, UsageError
from ewardrobe.jobs.outcomes import reason_of
from ewardrobe.jobs.pool import run

__all__ = ["PIECE", "Conversion", "Piece", "convert_dataset", "number_photos", "pieces_of"]

PIECE = 128
"""Photos that are done, and noted as done, together."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of samples, and the number of each in the dataset."""

    index: int
    numbers: Sequence[int]
    samples: Iterable[Sample]


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion did.

    Attributes:
        out: the new dataset's folder.
        photos: how many photos it has.
        left_out: photos that could not be used, each with its reason.
        faults: records (objects) of the other photos that could not be used.
    """

    out: Path
    photos: int
    left_out: tuple[BrokenSample, ...]
    faults: tuple[BrokenSample, ...]


def convert_dataset(
    dataset: Dataset,
    out: Path,
    format: str,
    *,
    photos: PhotoMode = "copy",
    tolerance: float = 0.5,
    polygons: bool = False,
    jobs: int = 1,
    overwrite: bool = False,
    piece: int | None = None,
    on_done: Callable[[int], None] | None = None,
) -> Conversion:
    """Write `dataset` to the folder `out` in one of the formats of `WRITERS`.

    Photos are worked through in pieces of `PIECE`, in `jobs` processes; memory holds a few pieces. A run that
    was stopped goes on where it was when it is started again with the same arguments. What cannot be used is
    reported in the result and does not stop the others; a full disk does.

    Args:
        dataset: what to write.
        out: a folder that is not there, or empty, or holds such a stopped run.
        format: `coco`, `yolo` or `label-maps`.
        photos: what becomes of the photos.
        tolerance: pixels by which outlines made from masks may stray, where polygons are written.
        polygons: write every mask as one polygon, for tools that read COCO's run lengths for crowds only.
        jobs: processes at the same time.
        overwrite: write over what is in `out`.
        piece: photos that are done together, and lost when a run is stopped between; None: `PIECE`.
        on_done: called with the number of photos of each finished piece.

    Raises:
        UsageError: no such format, or `out` holds something else.
        DatasetError: the dataset has no pixel labels, or not one photo could be used.
    """
    if format not in WRITERS:
        raise UsageError(f"cannot write the format {format!r}: choose one of {', '.join(WRITERS)}")
    writer = WRITERS[format](Target.of(dataset, out, photos=photos, tolerance=tolerance, polygons=polygons))
    shards = Shards(out)
    piece = piece or PIECE
    shards.begin(_settings(dataset, writer, piece), overwrite=overwrite)
    report = on_done or (lambda count: None)
    _run(dataset, writer, shards, jobs, piece, report)
    faults, failed = shards.problems()
    left_out = (*dataset.broken, *failed)
    if len(failed) == len(dataset):
        shards.remove()
        raise DatasetError(f"not one photo of {dataset.path} could be used ({failed[0]})")
    writer.finish(shards)
    shards.remove()
    return Conversion(out, len(dataset) - len(failed), left_out, tuple(faults))


def _run(
    dataset: Dataset, writer: Writer, shards: Shards, jobs: int, size: int, report: Callable[[int], None]
) -> None:
    def todo() -> Iterator[Piece]:
        for piece in pieces_of(dataset, size):
            if shards.is_done(piece.index):
                report(len(piece.numbers))
            else:
                yield piece

    work = partial(_write_piece, shards)
    for piece, result in run(partial(_same, writer), work, todo(), jobs=jobs):
        if isinstance(result, Exception):
            raise result
        report(len(piece.numbers))


def _same(writer: Writer) -> Writer:
    return writer


def _write_piece(shards: Shards, writer: Writer, piece: Piece) -> None:
    records: list[Record] = []
    faults: list[BrokenSample] = []
    failed: list[BrokenSample] = []
    for number, sample in zip(piece.numbers, piece.samples, strict=True):
        try:
            lines, said = writer.write(sample, number)
        except Exception as error:
            # What cannot be read is a kind of its own; a file that cannot be written would hit all that follow.
            if type(error) is EwardrobeError or isinstance(error, OSError):
                raise
            failed.append(BrokenSample(sample.id, reason_of(error)))
        else:
            records += lines
            faults += [BrokenSample(sample.id, fault) for fault in said]
    shards.write(piece.index, records, faults, failed)


def pieces_of(dataset: Dataset, size: int | None = None) -> Iterator[Piece]:
    """The dataset in runs of `size` samples (None: `PIECE`), built as they are asked for."""
    size = size or PIECE
    numbers = number_photos(dataset.ids)
    for index, start in enumerate(range(0, len(dataset), size)):
        part = slice(start, start + size)
        yield Piece(index, numbers[part], dataset.portion(dataset.ids[part]))


def number_photos(ids: Sequence[str]) -> Sequence[int]:
    """A number for each photo: the one that its name is, if all names are numbers and differ, else its place."""
    names = [name.rpartition("/")[2] for name in ids]
    if all(name.isascii() and name.isdigit() and len(name) < 16 for name in names):
        numbers = [int(name) for name in names]
        if len(set(numbers)) == len(numbers):
            return numbers
    return range(1, len(ids) + 1)


def _settings(dataset: Dataset, writer: Writer, piece: int) -> dict[str, Any]:
    """What tells one conversion from another."""
    ids = hashlib.sha256("\n".join(dataset.ids).encode("utf-8", "surrogatepass")).hexdigest()
    target = writer.target
    return {
        "dataset": str(dataset.path.resolve()),
        "ids": ids,
        "identity": dataset.identity,
        "format": writer.format,
        "taxonomy": [target.taxonomy.name, *target.taxonomy.labels],
        "photos": target.photos,
        "tolerance": target.tolerance,
        "polygons": target.polygons,
        "piece": piece,
    }
