"""`ewardrobe corrections`: what was mended in the app, as a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ewardrobe.cli.options import Home

__all__ = ["corrections"]


def corrections(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    erased: Annotated[
        bool,
        typer.Option(
            "--erased", help="Label as background what was taken away from a cut-out. Default: unknown."
        ),
    ] = False,
    home: Home = None,
) -> None:
    """Write the cut-outs that you mended or accepted as label maps, to train on; all else in the photos is `ignore`."""
    from ewardrobe.jobs.corrections import export_corrections
    from ewardrobe.wardrobe import Wardrobe

    with Wardrobe.open(home) as wardrobe:
        done = export_corrections(wardrobe, out, erased=erased)
    print(", ".join(f"{name} {count}" for name, count in done.garments.most_common()))
    for kind, count in sorted(done.photos.items()):
        amount = f"{count} photo{'' if count == 1 else 's'}"
        print(f"{out / kind}: {amount}; look at them with: ewardrobe dataset info {out / kind}")
