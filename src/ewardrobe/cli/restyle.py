"""`ewardrobe restyle`: garments changed by prompt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ewardrobe.cli.console import note, step_progress
from ewardrobe.cli.options import (
    Described,
    EngineSettings,
    Jobs,
    Model,
    Out,
    Overwrite,
    Photos,
    Size,
    inference_size,
    parse_settings,
)
from ewardrobe.cli.output import AsJson
from ewardrobe.cli.runs import show_run

if TYPE_CHECKING:
    from ewardrobe.jobs import Outcome

__all__ = ["restyle"]


def restyle(
    photos: Photos,
    prompt: Annotated[
        str,
        typer.Option(
            "--prompt", "-p", metavar="TEXT", help="What to change, such as 'make the shirt dark red'."
        ),
    ],
    out: Out = Path("restyled"),
    garment: Annotated[
        str | None,
        typer.Option(help="The garment where the prompt names none, such as top: 'make it red'."),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="What does it: recolour (colours, patterns, removal; needs no weights), diffusion (anything that "
            "words say; needs a model), or auto, the first that can."
        ),
    ] = "auto",
    settings: EngineSettings = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0, help="0 is to the letter; others vary the shade of a named colour and a pattern's place."
        ),
    ] = 0,
    number: Annotated[
        int,
        typer.Option("--n", min=1, max=64, help="Pictures per photo, of this seed and those after it."),
    ] = 1,
    inpainter: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An ONNX inpainter for 'remove', in place of OpenCV."),
    ] = None,
    model: Model = "default",
    description: Described = None,
    size: Size = None,
    jobs: Jobs = 1,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Change garments in photos by prompt; nothing else in the photo changes."""
    from ewardrobe.jobs import find_sources, restyle_photos
    from ewardrobe.restyling import Restyler

    own = parse_settings(settings)
    restyler = Restyler(prompt, garment=garment, engine=engine, inpainter=inpainter, settings=own)
    note("understood: " + "; ".join(map(str, restyler.steps)))
    sources = find_sources(photos)
    with step_progress("Painting", shown=len(sources) == 1) as on_step:
        outcomes = restyle_photos(
            sources,
            out,
            prompt=prompt,
            garment=garment,
            engine=engine,
            seed=seed,
            count=number,
            inpainter=inpainter,
            engine_settings=own,
            on_step=on_step,
            model=model,
            description=description,
            size=inference_size(size),
            jobs=jobs,
            overwrite=overwrite,
        )
        show_run(outcomes, len(sources), title="Restyling", describe=_describe, as_json=as_json)


def _describe(outcome: Outcome) -> str:
    return "\n".join([f"{outcome.source.path}: {outcome.reason}", *(f"  {file}" for file in outcome.files)])
