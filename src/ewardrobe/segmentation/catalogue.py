"""The models there are: the one that ships, those that can be pulled by name, those that were.

`catalogue.json` lists them. A model that others published carries no description of its own. It is a file beside it,
or the catalogue's, found by the file's checksum so that a copy under any name works too, or what its graph tells
(`ewardrobe.segmentation.foreign`). What the user adds lies in a folder `models` of the data home (`EWARDROBE_HOME`,
else the platform's place for data).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ewardrobe.errors import ModelError
from ewardrobe.imaging import write_atomically
from ewardrobe.segmentation.description import (
    METADATA_KEY,
    ModelDescription,
    read_description_file,
    write_description,
)
from ewardrobe.segmentation.download import Progress, checked, download, read_file
from ewardrobe.segmentation.foreign import recognise
from ewardrobe.segmentation.onnxfile import read_metadata

__all__ = [
    "ModelInfo",
    "describe_foreign",
    "describe_model",
    "export",
    "info",
    "models",
    "models_folder",
    "pull",
    "resolve",
]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class ModelInfo:
    """One model of the catalogue, or one the user put into the models folder.

    `path` is its file, None until it is pulled; `commercial_use` True, False, or None where the licence leaves it
    unclear.
    """

    name: str
    title: str
    about: str
    licence: str
    commercial_use: bool | None
    path: Path | None
    url: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    md5: str | None = None
    source: str | None = None
    description: ModelDescription | None = None

    @property
    def installed(self) -> bool:
        """Whether it can be used now."""
        return self.path is not None

    @property
    def licence_note(self) -> str:
        """The licence, with a warning where it does not clearly allow commercial use."""
        if self.commercial_use:
            return self.licence
        warning = "NOT for commercial use" if self.commercial_use is False else "commercial use UNCLEAR"
        return f"{self.licence or 'no licence stated'} [{warning}]"


def models_folder() -> Path:
    """Where pulled models lie; made by `pull`."""
    home = os.environ.get("EWARDROBE_HOME")
    if home:
        return Path(home) / "models"
    import platformdirs

    return Path(platformdirs.user_data_dir("ewardrobe", appauthor=False)) / "models"


def models() -> tuple[ModelInfo, ...]:
    """The catalogue, then the other described ONNX files in the models folder, by name."""
    listed = tuple(_from_row(row) for row in _rows())
    names = {item.name for item in listed}
    folder = models_folder()
    others = sorted(folder.glob("*.onnx")) if folder.is_dir() else []
    return listed + tuple(_from_file(path) for path in others if path.stem not in names)


def info(name: str) -> ModelInfo:
    """The model of that name; ModelError, naming what there is, when there is none."""
    found = next((item for item in models() if item.name == name), None)
    if found is None:
        known = ", ".join(item.name for item in models())
        raise ModelError(f"unknown model {name!r}; there are: {known}; or give the path of an .onnx file")
    return found


def resolve(model: str | os.PathLike[str]) -> Path:
    """The file of a model given by name or path; ModelError when it is unknown, missing, or not pulled yet.

    A folder stands for the `model.onnx` in it, or in its folder `onnx`, as model hubs lay them out.
    """
    text = os.fspath(model)
    if isinstance(model, os.PathLike) or text.endswith(".onnx") or os.sep in text or "/" in text:
        path = Path(text).expanduser()
        if path.is_dir():
            inside = (path / "model.onnx", path / "onnx" / "model.onnx")
            path = next((file for file in inside if file.is_file()), inside[0])
        if not path.is_file():
            raise ModelError(f"model file {path} does not exist")
        return path
    found = info(text)
    if found.path is None:
        raise ModelError(_how_to_get(found))
    return found.path


def describe_model(path: Path) -> ModelDescription:
    """The description of any model file that can be run; ModelError, saying what to do, when there is none."""
    metadata = read_metadata(path)
    if METADATA_KEY not in metadata and (found := describe_foreign(path)) is not None:
        return found
    return ModelDescription.from_onnx_metadata(metadata, where=path.name)


def describe_foreign(path: Path) -> ModelDescription | None:
    """The description of a file that carries none, None for a file that carries one or is unknown.

    It is that of the file `<stem>.json` beside it, if this is a description; or the catalogue's, by size and checksum;
    or made from the graph. ModelError when the file beside it is not valid, or something beside it is missing.
    """
    if METADATA_KEY in read_metadata(path):
        return None
    if (beside := path.with_suffix(".json")).is_file() and _is_description(beside):
        return read_description_file(beside)
    size, folder = path.stat().st_size, models_folder()
    for row in _rows():
        if "description" not in row:
            continue
        is_known = row.get("bytes") == size and _checksum(path) == row["sha256"]
        if is_known or path == folder / f"{row['name']}.onnx":
            return _row_description(row)
    return recognise(path)


def pull(
    name: str,
    *,
    source: str | os.PathLike[str] | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Fetch a model of the catalogue into the models folder, check it against its checksum, and return its file.

    `source`: a local file to take instead of the download. What is there already is kept unless `force`. Nothing is
    left behind when it fails. `progress` is called with (bytes so far, bytes in all). ModelError when the name is
    unknown, the network cannot be reached, or the checksum differs.
    """
    found = info(name)
    if found.url is None:
        if found.path is not None:
            return found.path
        raise ModelError(_how_to_get(found))
    if found.path is not None and not force:
        return found.path
    target = models_folder() / f"{name}.onnx"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{target.parent} cannot be made: {error.strerror or error}") from None
    blocks = read_file(Path(source)) if source is not None else download(found.url, name)
    write_atomically(target, checked(blocks, name, found.bytes, _digest(found), progress))
    return target


def export(name: str, path: str | os.PathLike[str]) -> Path:
    """Copy a model, given by name or path, to `path` as one .onnx file that carries its description."""
    origin, target = resolve(name), Path(path)
    if target.is_dir():
        target = target / origin.name
    description = describe_foreign(origin)
    if description is not None:
        write_description(origin, target, description)
        return target
    describe_model(origin)
    write_atomically(target, lambda file: file.writelines(read_file(origin)))
    return target


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    document = json.loads((_HERE / "catalogue.json").read_text(encoding="utf-8"))
    return tuple(document["models"])


def _from_row(row: dict[str, Any]) -> ModelInfo:
    path = _HERE / row["file"] if "file" in row else models_folder() / f"{row['name']}.onnx"
    path = path if path.is_file() else None
    return ModelInfo(
        name=row["name"],
        title=row["title"],
        about=row["about"],
        licence=row["licence"],
        commercial_use=row["commercial_use"],
        path=path,
        url=row.get("url"),
        bytes=row.get("bytes"),
        sha256=row.get("sha256"),
        md5=row.get("md5"),
        source=row.get("source"),
        description=_description(row, path),
    )


def _description(row: dict[str, Any], path: Path | None) -> ModelDescription | None:
    if "description" in row:
        return _row_description(row)
    try:
        return describe_model(path) if path is not None else None
    except ModelError:  # a list of models must not fail for one of them
        return None


def _row_description(row: dict[str, Any]) -> ModelDescription:
    """The description in an entry; what the entry says of the model itself holds for it, too."""
    shared: dict[str, Any] = {
        key: row[key] for key in ("name", "title", "licence", "commercial_use", "source") if key in row
    }
    return ModelDescription.from_json(
        {**shared, **row["description"]}, where=f"the catalogue's entry {row['name']}"
    )


def _is_description(path: Path) -> bool:
    """Whether a JSON file that happens to have the model's name is meant to describe it."""
    try:
        return '"schema_version"' in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _from_file(path: Path) -> ModelInfo:
    try:
        about = describe_model(path)
    except ModelError as error:
        return ModelInfo(path.stem, path.stem, str(error), "", None, None)
    return ModelInfo(
        path.stem,
        about.title or about.name,
        about.about,
        about.licence,
        about.commercial_use,
        path,
        description=about,
    )


def _how_to_get(found: ModelInfo) -> str:
    if found.url is None:
        return (
            f"model {found.name} is not in this installation; install eWardrobe again, or give another model"
        )
    return f"model {found.name} is not here yet; get it with: ewardrobe models pull {found.name}"


def _digest(found: ModelInfo) -> tuple[str, str]:
    """The algorithm and the checksum that its file must have; some publish no better one than MD5."""
    return ("sha256", found.sha256) if found.sha256 else ("md5", found.md5 or "")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
