"""`ewardrobe tryon`: garments put on a person in a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ewardrobe.cli.console import note
from ewardrobe.cli.options import Home, Model, Size, inference_size
from ewardrobe.cli.output import AsJson

__all__ = ["tryon"]


def tryon(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="A photo of a person, from the front.")],
    garments: Annotated[
        list[str],
        typer.Argument(
            metavar="GARMENT...",
            help="Garments: numbers in the wardrobe, photos (worn or lying), or cut-outs with a transparent ground.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE|DIR", help="A .png or .jpg, or a folder to write to.")
    ] = Path("tried-on"),
    as_class: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="CLASS", help="What the garments in files are: top, outerwear, dress, pants, ..."
        ),
    ] = None,
    number: Annotated[
        int | None, typer.Option("--person", min=1, help="Which of several people, counted from the left.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="What does it: warp (offline, no weights) or fashn-vton-1.5.")
    ] = "warp",
    weights: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder of weights of an engine that needs some.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same picture.")] = 0,
    model: Model = "default",
    size: Size = None,
    home: Home = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a picture that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put garments on a person in a photo: bent to the body, behind hair and hands, in the photo's light."""
    import json

    from ewardrobe.errors import UsageError
    from ewardrobe.imaging import open_photo
    from ewardrobe.segmentation import Segmenter
    from ewardrobe.tryon import create_engine, dress, find_pieces

    made_by = create_engine(engine, weights=weights)
    photo = open_photo(person)
    is_file = out.suffix.lower() in (".png", ".jpg", ".jpeg")
    target = out if is_file else out / f"{photo.name}.tried-on.png"
    if target.exists() and not overwrite:
        raise UsageError(f"{target} is there already; give another --out, or --overwrite")
    segmenter = Segmenter(model, size=inference_size(size))
    pieces = find_pieces(garments, segmenter, home=home, label=as_class)
    result = dress(segmenter.segment(photo), pieces, person=number, engine=made_by, seed=seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    result.save(target)
    if as_json:
        print(json.dumps({"file": str(target), "worn": list(result.worn), "engine": result.engine}))
    else:
        note("put on: " + ", ".join(result.worn))
        print(target)
