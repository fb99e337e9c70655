"""`ewardrobe evaluate`: a model's scores on a dataset, with intervals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ewardrobe.cli.console import progress
from ewardrobe.cli.dataset_options import Format, Kind, PhotoFolder, open_one, say_problems
from ewardrobe.cli.options import Size, inference_size
from ewardrobe.cli.output import AsCsv, AsJson, AsTable, print_json, print_rows
from ewardrobe.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from ewardrobe.datasets import Dataset
    from ewardrobe.evaluation import AnyReport

__all__ = ["Into", "Limit", "ScoredSplit", "evaluate", "open_scored"]

ScoredSplit = Annotated[
    str | None,
    typer.Option(
        "--split", help="Part of the dataset, or 'all'.", show_default="val where there is one, else all"
    ),
]
Into = Annotated[
    str | None,
    typer.Option(
        "--as",
        "--taxonomy",
        metavar="TAXONOMY",
        help="Map predictions and labels to this taxonomy first, such as parts.",
        show_default="the model's own",
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Only the first so many photos.")]


def evaluate(
    what: Annotated[
        list[str],
        typer.Argument(metavar="[MODEL] DATASET", help="A model (default: the shipped one) and a folder."),
    ],
    split: ScoredSplit = None,
    format: Format = None,
    kind: Kind = None,
    photo_folder: PhotoFolder = None,
    taxonomy: Into = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="What to score: semantic (label maps), instance (objects) or matting (the soft mask of all but the "
            "background).",
            show_default="the model's own task",
        ),
    ] = None,
    size: Size = None,
    limit: Limit = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write the report as one HTML file too, with the best and worst photos.",
        ),
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_table: AsTable = False,
) -> None:
    """Score a model on labelled photos, by its task, with bootstrap 95 % intervals.

    Semantic models: mIoU, garment mIoU, F1 (Dice), boundary IoU and more; instance models: COCO AP and AR of masks and
    boxes; matting models: MAE, weighted F, S-measure, SAD, MSE and gradient.
    """
    if len(what) > 2:
        raise UsageError("evaluate takes a model (optional) and one dataset")
    if as_json + as_csv + as_table > 1:
        raise UsageError("choose one of --json, --csv and --table")
    if html is not None and not html.absolute().parent.is_dir():
        raise UsageError(
            f"there is no folder {html.absolute().parent} to write {html.name} to: make it first"
        )
    from ewardrobe.evaluation import Gallery, evaluate_task
    from ewardrobe.segmentation import Segmenter

    dataset = open_scored(Path(what[-1]), format, split, kind, photo_folder)
    segmenter = Segmenter(what[0] if len(what) == 2 else "default", size=inference_size(size))
    if limit is not None:
        dataset = dataset.take(limit)
    gallery = None if html is None else Gallery()
    with progress(len(dataset), "Scoring") as advance:
        report = evaluate_task(
            segmenter, dataset, task=task, taxonomy=taxonomy, gallery=gallery, on_photo=lambda _: advance()
        )
    if html is not None:
        from ewardrobe.evaluation import report_page
        from ewardrobe.imaging import write_atomically

        write_atomically(html, report_page(report, gallery).encode())
    _show(report, as_json, as_csv)
    say_problems(report.broken, getattr(report, "faults", ()), done=f"{report.photos} photos scored")


def _show(report: AnyReport, as_json: bool, as_csv: bool) -> None:
    if as_json:
        print_json(report.to_dict())
    elif as_csv:
        found = report.to_dict()
        print_rows(found["per_photo" if report.task == "matting" else "classes"], as_json=False, as_csv=True)
    else:
        print(report.table(), end="")


def open_scored(
    path: Path,
    format: str | None = None,
    split: str | None = None,
    kind: str | None = None,
    photo_folder: Path | None = None,
) -> Dataset:
    """The dataset to score on: the split that is named, `None` being val where there is one, else all."""
    if split is not None:
        return open_one(path, format, None if split == "all" else split, None, kind, photo_folder)
    try:
        return open_one(path, format, "val", None, kind, photo_folder)
    except DatasetError:
        return open_one(path, format, None, None, kind, photo_folder)
