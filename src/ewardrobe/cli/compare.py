"""`ewardrobe compare`: several models on the same photos, side by side."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ewardrobe.cli.console import note, progress
from ewardrobe.cli.dataset_options import Format, Kind, PhotoFolder, say_problems
from ewardrobe.cli.evaluate import Into, Limit, ScoredSplit, open_scored
from ewardrobe.cli.options import Out
from ewardrobe.cli.output import AsJson, print_json
from ewardrobe.errors import DatasetError, UsageError

if TYPE_CHECKING:
    from ewardrobe.datasets import Dataset, Sample

__all__ = ["compare"]


def compare(
    what: Annotated[
        list[str],
        typer.Argument(metavar="PHOTO...|DATASET", help="Photos, folders of photos, or one dataset."),
    ],
    models: Annotated[
        str,
        typer.Option(
            "--models",
            metavar="LIST",
            help="Models by name or file, with commas; '@' and a size after one, as in default@live or mine.onnx@512.",
        ),
    ] = "default,default@live",
    out: Out = Path("comparison"),
    split: ScoredSplit = None,
    format: Format = None,
    kind: Kind = None,
    photo_folder: PhotoFolder = None,
    taxonomy: Into = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Compare models on the same photos: pictures side by side, scores where there are labels, latency, size, licence.

    Writes a picture for each photo, an index.html to browse them, and comparison.json.
    """
    from ewardrobe.evaluation import compare as run
    from ewardrobe.evaluation import load_contenders

    samples = _samples(what, format, split, kind, photo_folder)
    if limit is not None:
        samples = samples[:limit] if isinstance(samples, list) else samples.take(limit)
    contenders = load_contenders(models.split(","))
    with progress(len(samples), "Comparing") as advance:
        found = run(contenders, samples, out, taxonomy=taxonomy, on_photo=lambda _: advance())
    if as_json:
        print_json(found.to_dict())
    else:
        print(found.table().markdown())
    note(f"look at {out / 'index.html'}")
    say_problems(found.broken, (), done=f"{len(found.photos)} photos compared")


def _samples(
    what: list[str], format: str | None, split: str | None, kind: str | None, photo_folder: Path | None
) -> Dataset | list[Sample]:
    """The dataset, where one is named or has the layout of one; else the photos, which have no labels."""
    given = any(value is not None for value in (format, split, kind, photo_folder))
    if given or (len(what) == 1 and _is_dataset(Path(what[0]))):
        if len(what) > 1:
            raise UsageError("compare takes one dataset, or photos without options of datasets")
        return open_scored(Path(what[0]), format, split, kind, photo_folder)
    from ewardrobe.datasets import Sample
    from ewardrobe.datasets.images import load_photo
    from ewardrobe.jobs import find_sources

    sources = [source for source in find_sources(what) if not source.is_video]
    if not sources:
        raise UsageError("there is no photo to compare the models on: name photos or folders of them")
    return [
        Sample(
            (source.folder / source.stem).as_posix(),
            "worn",
            partial(load_photo, source.path),
            path=source.path,
        )
        for source in sources
    ]


def _is_dataset(path: Path) -> bool:
    from ewardrobe.datasets import detect_format

    try:
        detect_format(path)
    except DatasetError:
        return False
    return True
