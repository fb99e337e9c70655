"""The wardrobe in and out: export, import, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ewardrobe.cli.options import Home

__all__ = ["backup", "export", "import_", "restore"]


def export(
    target: Annotated[
        Path, typer.Argument(metavar="DIR|ZIP", help="A new folder, or a file that ends in .zip.")
    ],
    home: Home = None,
) -> None:
    """Write the whole wardrobe as manifest.json and pictures that anyone can read."""
    from ewardrobe.wardrobe import Wardrobe

    with Wardrobe.open(home) as wardrobe:
        wardrobe.export(target)
    print(f"exported to {target}")


def import_(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="An export: a folder or a .zip.")],
    home: Home = None,
) -> None:
    """Bring an export into the wardrobe; what is there already is left as it is."""
    from ewardrobe.wardrobe import Wardrobe

    with Wardrobe.open(home) as wardrobe:
        brought = wardrobe.import_(path)
    print(
        f"imported {brought.garments} garments, {brought.photos} photos, {brought.outfits} outfits, "
        f"{brought.wears} wears; {brought.skipped} garments were there already"
    )


def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")], home: Home = None
) -> None:
    """Write the wardrobe, database and files, into one file."""
    from ewardrobe.wardrobe import Wardrobe

    with Wardrobe.open(home) as wardrobe:
        wardrobe.backup(target)
    print(f"backed up to {target}")


def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` wrote.")],
    home: Home = None,
) -> None:
    """Put a backup back in the place of the wardrobe, also where its database is damaged."""
    from ewardrobe.wardrobe import restore as put_back

    put_back(home, source)
    print(f"restored from {source}")
