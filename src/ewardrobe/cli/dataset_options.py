"""What the commands of `ewardrobe dataset` share: opening a dataset, and saying what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ewardrobe.cli.console import note, print_error

if TYPE_CHECKING:
    from ewardrobe.datasets import BrokenSample, Dataset

__all__ = [
    "DatasetPath",
    "Format",
    "Kind",
    "OutFolder",
    "Overwrite",
    "PhotoFolder",
    "Photos",
    "Pieces",
    "Polygons",
    "Split",
    "Taxonomy",
    "To",
    "Tolerance",
    "open_one",
    "read_ids",
    "say_problems",
]

DatasetPath = Annotated[
    Path,
    typer.Argument(
        metavar="DATASET", help="A dataset's folder, or one file of COCO or Label Studio.", show_default=False
    ),
]
OutFolder = Annotated[
    Path, typer.Argument(metavar="OUT", help="A new folder, or that of a run that was stopped.")
]
Format = Annotated[
    str | None, typer.Option(help="The dataset's format.", show_default="found from its layout")
]
Split = Annotated[str | None, typer.Option(help="Only this split.", show_default="all labelled photos")]
Taxonomy = Annotated[
    str | None,
    typer.Option(
        help="What its classes are of (label-maps, coco, yolo, label-studio).",
        show_default="found from its classes",
    ),
]
Kind = Annotated[str | None, typer.Option(help="worn or flat (label-maps, coco, yolo, label-studio).")]
PhotoFolder = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where the photos of a COCO or Label Studio file are.")
]
Pieces = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=1, max=256, help="Processes at the same time.")
]
To = Annotated[str, typer.Option("--to", metavar="FORMAT", help="coco, yolo, label-maps or label-studio.")]
Photos = Annotated[
    str, typer.Option("--photos", metavar="HOW", help="copy, link (hard links), or none (coco only).")
]
Tolerance = Annotated[
    float,
    typer.Option(min=0, max=10, help="Pixels by which outlines made from masks may stray; 0 is exact."),
]
Polygons = Annotated[
    bool, typer.Option("--polygons", help="COCO without run lengths: one polygon for each object.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Write over what is in OUT.")]


def open_one(
    path: Path,
    format: str | None = None,
    split: str | None = None,
    taxonomy: str | None = None,
    kind: str | None = None,
    photo_folder: Path | None = None,
) -> Dataset:
    """The dataset, with those options that were given."""
    from ewardrobe.datasets import open_dataset

    given = {"taxonomy": taxonomy, "kind": kind, "photos": photo_folder}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return open_dataset(path, format=format, split=split, **options)


def read_ids(path: Path) -> tuple[str, ...]:
    """The ids that a text file lists, one a line."""
    from ewardrobe.datasets.tables import read_lines

    return read_lines(path)


def say_problems(left_out: Iterable[BrokenSample], faults: Iterable[BrokenSample], *, done: str) -> None:
    """Print each problem as one line on stderr, then the summary; exits with 1 if there was any problem."""
    counts = [0, 0]
    for place, items in enumerate((left_out, faults)):
        for item in items:
            counts[place] += 1
            print_error(str(item))
    photos, records = counts
    said = [done]
    if photos:
        said.append(f"{photos} {'photo' if photos == 1 else 'photos'} left out")
    if records:
        said.append(f"{records} {'record' if records == 1 else 'records'} left out")
    note(", ".join(said))
    if photos or records:
        raise typer.Exit(1)
