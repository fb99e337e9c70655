"""`ewardrobe dataset convert|subset|merge|remap|prelabel`: a dataset from others, or from photos and a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from ewardrobe.cli.console import note, progress
from ewardrobe.cli.dataset_options import (
    DatasetPath,
    Format,
    Kind,
    OutFolder,
    Overwrite,
    PhotoFolder,
    Photos,
    Pieces,
    Polygons,
    Split,
    Taxonomy,
    To,
    Tolerance,
    open_one,
    read_ids,
    say_problems,
)
from ewardrobe.cli.options import Model
from ewardrobe.cli.options import Photos as PhotoPaths
from ewardrobe.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from ewardrobe.datasets import Dataset

__all__ = ["convert", "merge", "prelabel", "remap", "subset", "write_dataset"]


def convert(
    path: DatasetPath,
    out: OutFolder,
    to: To = "coco",
    format: Format = None,
    split: Split = None,
    splits: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Divide it by the lists that `dataset split` wrote.")
    ] = None,
    taxonomy: Taxonomy = None,
    kind: Kind = None,
    photo_folder: PhotoFolder = None,
    photos: Photos = "copy",
    tolerance: Tolerance = 0.5,
    polygons: Polygons = False,
    jobs: Pieces = 1,
    overwrite: Overwrite = False,
) -> None:
    """Write a dataset in another format. A run that was stopped goes on when it is started again."""
    from ewardrobe.datasets.views import Resplit

    dataset = open_one(path, format, split, taxonomy, kind, photo_folder)
    if splits is not None:
        lists = {file.stem: read_ids(file) for file in sorted(splits.glob("*.txt"))}
        if not lists:
            raise DatasetError(f"{splits} holds no list of a split: make them with `ewardrobe dataset split`")
        dataset = Resplit(dataset, lists)
    write_dataset(dataset, out, to, photos, tolerance, polygons, jobs, overwrite)


def subset(
    path: DatasetPath,
    out: OutFolder,
    to: To = "coco",
    format: Format = None,
    split: Split = None,
    taxonomy: Taxonomy = None,
    kind: Kind = None,
    photo_folder: PhotoFolder = None,
    fraction: Annotated[float | None, typer.Option(min=0, max=1, help="This share of the photos.")] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="So many photos, and what their groups have more.")
    ] = None,
    ids: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The photos that this file lists, an id a line.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed takes other photos.")] = 0,
    photos: Photos = "copy",
    tolerance: Tolerance = 0.5,
    polygons: Polygons = False,
    jobs: Pieces = 1,
    overwrite: Overwrite = False,
) -> None:
    """Write a part of a dataset; a smaller fraction is always part of a larger one.

    Photos of one group (pair_id, doubled photos) are taken together, so there may be a few more than were asked for.
    """
    from ewardrobe.datasets import take_units
    from ewardrobe.jobs.surveying import read_groups

    if sum(wish is not None for wish in (fraction, count, ids)) != 1:
        raise UsageError("choose one of --fraction, --count and --ids")
    dataset = open_one(path, format, split, taxonomy, kind, photo_folder)
    if ids is not None:
        dataset = dataset.select(read_ids(ids))
    else:
        wanted = count if count is not None else round((fraction or 0) * len(dataset))
        if not wanted > 0:
            raise UsageError(f"a fraction of {fraction} of {len(dataset)} photos is none")
        with progress(len(dataset), "Reading") as advance:

            def on_read(count: int) -> None:
                for _ in range(count):
                    advance()

            groups = read_groups(dataset, on_read, jobs=jobs)
        dataset = dataset.select(take_units(groups, wanted, seed=seed))
    write_dataset(dataset, out, to, photos, tolerance, polygons, jobs, overwrite)


def merge(
    paths: Annotated[
        list[Path], typer.Argument(metavar="DATASET... OUT", help="Datasets, and the new folder at the end.")
    ],
    to: To = "coco",
    target: Annotated[
        str | None, typer.Option("--as", metavar="TAXONOMY", help="Bring all to this taxonomy first.")
    ] = None,
    photos: Photos = "copy",
    tolerance: Tolerance = 0.5,
    polygons: Polygons = False,
    jobs: Pieces = 1,
    overwrite: Overwrite = False,
) -> None:
    """Write several datasets as one; they must be of one taxonomy, or be brought to one with --as."""
    from ewardrobe.datasets.views import Merged

    if len(paths) < 3:
        raise UsageError("merge takes at least two datasets, and the new folder")
    parts = [open_one(path) for path in paths[:-1]]
    if target is not None:
        parts = [_remapped(part, target, None) for part in parts]
    write_dataset(Merged(parts), paths[-1], to, photos, tolerance, polygons, jobs, overwrite)


def remap(
    path: DatasetPath,
    out: OutFolder,
    target: Annotated[str, typer.Option("--as", metavar="TAXONOMY", help="The taxonomy to bring it to.")],
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map", metavar="FILE", help="JSON of your own: each class to a class of TAXONOMY, or null."
        ),
    ] = None,
    to: To = "coco",
    format: Format = None,
    split: Split = None,
    taxonomy: Taxonomy = None,
    kind: Kind = None,
    photo_folder: PhotoFolder = None,
    photos: Photos = "copy",
    tolerance: Tolerance = 0.5,
    polygons: Polygons = False,
    jobs: Pieces = 1,
    overwrite: Overwrite = False,
) -> None:
    """Write a dataset in another taxonomy; the classes that it ignores are named."""
    dataset = open_one(path, format, split, taxonomy, kind, photo_folder)
    dataset = _remapped(dataset, target, map_file)
    write_dataset(dataset, out, to, photos, tolerance, polygons, jobs, overwrite)


def prelabel(
    photos: PhotoPaths,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="A new folder, or that of a run that was stopped."),
    ],
    to: Annotated[
        str, typer.Option("--to", metavar="TOOL", help="cvat (COCO, as CVAT imports it) or label-studio.")
    ] = "cvat",
    model: Model = "default",
    tolerance: Tolerance = 1.0,
    jobs: Pieces = 1,
    overwrite: Overwrite = False,
) -> None:
    """Let a model label photos, to be corrected in CVAT or Label Studio.

    What these export is read back as any dataset: `ewardrobe dataset convert EXPORT OUT --photo-folder DIR`.
    """
    from ewardrobe.jobs import find_sources
    from ewardrobe.jobs.pool import threads_for
    from ewardrobe.jobs.prelabelling import Prelabelled

    formats = {"cvat": "coco", "label-studio": "label-studio"}
    if to not in formats:
        raise UsageError(f"--to is {' or '.join(formats)}, not {to!r}")
    dataset = Prelabelled(find_sources(photos), model, threads=threads_for(jobs))
    write_dataset(dataset, out, formats[to], "copy", tolerance, True, jobs, overwrite)


def _remapped(dataset: Dataset, target: str, map_file: Path | None) -> Dataset:
    from ewardrobe.datasets.views import Remapped, read_map
    from ewardrobe.taxonomy import load_map

    if dataset.taxonomy is None:
        raise DatasetError(f"{dataset.path} has no pixel labels to remap")
    source = dataset.taxonomy
    to = load_map(source.name, target) if map_file is None else read_map(map_file, source, target)
    ignored = [f"{name} ({reason})" for name, reason in to.reasons.items() if name not in to.gives_way]
    if ignored:
        note(f"{dataset.path}: ignored: {'; '.join(ignored)}")
    return Remapped(dataset, to)


def write_dataset(
    dataset: Dataset,
    out: Path,
    to: str,
    photos: str = "copy",
    tolerance: float = 0.5,
    polygons: bool = False,
    jobs: int = 1,
    overwrite: bool = False,
    *,
    piece: int | None = None,
    title: str = "Converting",
) -> None:
    """Write a dataset with a bar meanwhile, then print what was left out; exits with 1 if anything was."""
    from ewardrobe.datasets.writers import PhotoMode
    from ewardrobe.jobs.converting import convert_dataset

    if photos not in get_args(PhotoMode):
        raise UsageError(f"--photos is {', '.join(get_args(PhotoMode))}, not {photos!r}")
    for warning in dataset.warnings:
        note(warning)
    with progress(len(dataset), title) as advance:

        def on_done(count: int) -> None:
            for _ in range(count):
                advance()

        done = convert_dataset(
            dataset,
            out,
            to,
            photos=photos,  # type: ignore[arg-type]  # one of the three, as checked
            tolerance=tolerance,
            polygons=polygons,
            jobs=jobs,
            overwrite=overwrite,
            piece=piece,
            on_done=on_done,
        )
    say_problems(done.left_out, done.faults, done=f"{done.photos} photos written to {out}")
