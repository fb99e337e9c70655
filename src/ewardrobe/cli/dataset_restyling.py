"""`ewardrobe dataset restyle`: the photos of a labelled dataset in other outfits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ewardrobe.cli.dataset_options import (
    DatasetPath,
    Format,
    Kind,
    Overwrite,
    PhotoFolder,
    Pieces,
    Split,
    Taxonomy,
    To,
    open_one,
)
from ewardrobe.cli.dataset_writing import write_dataset
from ewardrobe.cli.options import EngineSettings, parse_settings

__all__ = ["restyle"]


def restyle(
    path: DatasetPath,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="A new folder, or that of a run that was stopped."),
    ],
    per_photo: Annotated[
        int, typer.Option("--per-photo", metavar="N", min=1, max=1000, help="Outfits for each photo.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="Another seed draws other outfits.")] = 0,
    originals: Annotated[
        bool, typer.Option("--originals", help="Write the photos as they are, too.")
    ] = False,
    engine: Annotated[
        str, typer.Option(help="What makes them: recolour, or another of `restyle`.")
    ] = "recolour",
    settings: EngineSettings = None,
    to: To = "label-maps",
    format: Format = None,
    split: Split = None,
    taxonomy: Taxonomy = None,
    kind: Kind = None,
    photo_folder: PhotoFolder = None,
    jobs: Pieces = 1,
    overwrite: Overwrite = False,
) -> None:
    """Write a dataset's photos in other outfits, labels unchanged: random colours and patterns, for training.

    A run that was stopped goes on when it is started again; the same seed gives the same pictures.
    """
    from ewardrobe.jobs.outfits import PIECE, RestyledDataset

    dataset = RestyledDataset(
        open_one(path, format, split, taxonomy, kind, photo_folder),
        per_photo,
        seed=seed,
        engine=engine,
        settings=parse_settings(settings),
        originals=originals,
    )
    write_dataset(dataset, out, to, jobs=jobs, overwrite=overwrite, piece=PIECE, title="Restyling")
