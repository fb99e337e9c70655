"""`ewardrobe segment` and `ewardrobe cutout`: photos in, files out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ewardrobe.cli.options import Described, Jobs, Model, Out, Overwrite, Photos, Size, inference_size
from ewardrobe.cli.output import AsJson
from ewardrobe.cli.runs import show_run

if TYPE_CHECKING:
    from ewardrobe.jobs import Outcome

__all__ = ["cutout", "segment"]


def segment(
    photos: Photos,
    out: Out = Path("segmented"),
    model: Model = "default",
    save: Annotated[
        str,
        typer.Option(
            metavar="LIST", help="What to write, with commas: labels, overlay, cutouts, json, mask."
        ),
    ] = "labels,overlay,cutouts,json",
    description: Described = None,
    size: Size = None,
    jobs: Jobs = 1,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Find the garments in photos and videos; write label maps, overlays, cut-outs and records."""
    from ewardrobe.jobs import find_sources, segment_photos

    sources = find_sources(photos)
    wanted = [name.strip() for name in save.split(",") if name.strip()]
    outcomes = segment_photos(
        sources,
        out,
        model=model,
        description=description,
        size=inference_size(size),
        save=wanted,
        jobs=jobs,
        overwrite=overwrite,
    )
    show_run(outcomes, len(sources), title="Segmenting", describe=_describe, as_json=as_json)


def cutout(
    photos: Photos,
    out: Out = Path("cutouts"),
    of: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="What to cut out: person, garments (one picture each), parts (the person, and top, bottom and dress "
            "as separate pictures), or a class such as 'top'.",
        ),
    ] = "garments",
    background: Annotated[
        str,
        typer.Option(help="What to put behind: transparent, a colour such as #ffffff, or a picture file."),
    ] = "transparent",
    crop: Annotated[
        bool,
        typer.Option("--crop", help="Cut each picture down to what is in it; else it has the photo's size."),
    ] = False,
    model: Model = "default",
    description: Described = None,
    size: Size = None,
    jobs: Jobs = 1,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Remove backgrounds: the person, each garment, or the classic parts as clean pictures."""
    from ewardrobe.jobs import cut_out_photos, find_sources

    sources = find_sources(photos)
    outcomes = cut_out_photos(
        sources,
        out,
        of=of,
        background=background,
        crop=crop,
        model=model,
        description=description,
        size=inference_size(size),
        jobs=jobs,
        overwrite=overwrite,
    )
    show_run(outcomes, len(sources), title="Cutting out", describe=_describe, as_json=as_json)


def _describe(outcome: Outcome) -> str:
    found = ", ".join(f"{item['class']} {item['score']:.2f}" for item in outcome.items)
    head = f"{outcome.source.path}: {outcome.reason or found or 'no garment found'}"
    return "\n".join([head, *(f"  {file}" for file in outcome.files)])
