"""`ewardrobe evaluate`: a model's scores on a dataset, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ewardrobe.cli.console import progress
from ewardrobe.cli.options import Size, inference_size
from ewardrobe.cli.output import AsCsv, AsJson, AsTable, print_json, print_rows
from ewardrobe.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from ewardrobe.datasets import Dataset

__all__ = ["evaluate"]


def evaluate(
    what: Annotated[
        list[str],
        typer.Argument(metavar="[MODEL] DATASET", help="A model (default: the shipped one) and a folder."),
    ],
    split: Annotated[
        str | None,
        typer.Option(help="Part of the dataset, or 'all'.", show_default="val where there is one, else all"),
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="The dataset's format.", show_default="found from its layout")
    ] = None,
    taxonomy: Annotated[
        str | None,
        typer.Option(help="Score in this taxonomy, such as parts.", show_default="the model's own"),
    ] = None,
    size: Size = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many photos.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_table: AsTable = False,
) -> None:
    """Score a model: mIoU, garment mIoU, foreground IoU, and per class, with bootstrap 95 % intervals."""
    if len(what) > 2:
        raise UsageError("evaluate takes a model (optional) and one dataset")
    if as_json + as_csv + as_table > 1:
        raise UsageError("choose one of --json, --csv and --table")
    from ewardrobe.evaluation import evaluate as score
    from ewardrobe.segmentation import Segmenter

    dataset = _open(what[-1], format, split)
    segmenter = Segmenter(what[0] if len(what) == 2 else "default", size=inference_size(size))
    if limit is not None:
        dataset = dataset.take(limit)
    with progress(len(dataset), "Scoring") as advance:
        report = score(segmenter, dataset, taxonomy=taxonomy, on_photo=lambda _: advance())
    if as_json:
        print_json(report.to_dict())
    elif as_csv:
        print_rows(report.to_dict()["classes"], as_json=False, as_csv=True)
    else:
        print(report.table(), end="")


def _open(path: str, format: str | None, split: str | None) -> Dataset:
    from ewardrobe.datasets import open_dataset

    if split is not None:
        return open_dataset(path, format=format, split=None if split == "all" else split)
    try:
        return open_dataset(path, format=format, split="val")
    except DatasetError:
        return open_dataset(path, format=format)
