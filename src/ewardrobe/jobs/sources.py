"""Which photos a list of paths means, and what each photo's outputs are called."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ewardrobe.errors import PhotoError

__all__ = ["PHOTO_SUFFIXES", "Source", "find_sources"]

PHOTO_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"}
    | {".tif", ".tiff", ".webp"}
)


@dataclass(frozen=True, slots=True)
class Source:
    """A photo or video to work on.

    `stem` is what its output files start with, `folder` where they go below the output folder: the place of
    the photo below the folder that was named, so that two folders' `1.jpg` do not overwrite each other.
    """

    path: Path
    stem: str
    folder: Path = Path()

    @property
    def is_video(self) -> bool:
        """Whether the file's name says that it is a video."""
        from ewardrobe.segmentation import VIDEO_SUFFIXES

        return self.path.suffix.lower() in VIDEO_SUFFIXES


def find_sources(arguments: Iterable[str | Path]) -> list[Source]:
    """Return the files that paths, folders and globs name, each once, in the order given.

    Folders are searched with all below them, hidden files left out, and only names that end like a photo's or
    a video's are taken. A file named by itself is taken whatever its name, and also when it is not there: the
    reader says so then. PhotoError when a folder holds no photo.
    """
    found: dict[Path, Path] = {}
    for argument in arguments:
        for path in _expand(str(argument)):
            if path.is_dir():
                inside = _photos_below(path)
                if not inside:
                    raise PhotoError(f"no photo in the folder {path}")
                for photo in inside:
                    found.setdefault(photo, photo.parent.relative_to(path))
            else:
                found.setdefault(path, Path())
    return [
        Source(path, stem, folder) for (path, folder), stem in zip(found.items(), _stems(found), strict=True)
    ]


def _stems(found: Mapping[Path, Path]) -> list[str]:
    """A stem for each photo, no two alike in one folder, whatever the file system thinks of capitals."""
    counts = Counter((folder, path.stem.casefold()) for path, folder in found.items())
    taken: set[tuple[Path, str]] = set()
    stems = []
    for path, folder in found.items():
        # IMG_1.jpg and IMG_1.heic would write to the same names: such keep their whole file name.
        stem = path.name if counts[folder, path.stem.casefold()] > 1 else path.stem
        number = 1
        while (folder, (numbered := stem if number == 1 else f"{stem}-{number}").casefold()) in taken:
            number += 1
        taken.add((folder, numbered.casefold()))
        stems.append(numbered)
    return stems


def _expand(argument: str) -> list[Path]:
    """A path as it is, or else what it matches as a pattern."""
    path = Path(argument).expanduser()
    if path.exists() or not glob.has_magic(argument):
        return [path]
    matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207
    return matches or [path]


def _photos_below(folder: Path) -> list[Path]:
    from ewardrobe.segmentation import VIDEO_SUFFIXES

    known = PHOTO_SUFFIXES | VIDEO_SUFFIXES
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in known
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
