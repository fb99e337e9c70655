"""`examine`: what is installed, whether the model runs, where the data lies; the answers `doctor` prints."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Literal

from ewardrobe.errors import EwardrobeError

__all__ = ["Check", "examine"]

_PACKAGES = (
    "numpy",
    "pillow",
    "opencv-python-headless",
    "onnxruntime",
    "pycocotools",
    "pandas",
    "sqlalchemy",
)
_EXTRAS = {
    "heic": (("pillow-heif",), "opens HEIC photos"),
    "gpu": (("onnxruntime-gpu",), "runs models on an NVIDIA GPU"),
    "train": (("torch",), "trains models"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One answer: "ok", "missing" (something optional is not there) or "broken" (something needed is)."""

    what: str
    status: Literal["ok", "missing", "broken"]
    detail: str


def examine(home: Path | None = None) -> Iterator[Check]:
    """Yield what there is to say about this installation, most basic first."""
    python = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield Check("ewardrobe", "ok", f"{_version('ewardrobe') or 'not installed as a package'}, {python}")
    for name in _PACKAGES:
        found = _version(name) or (_version("onnxruntime-gpu") if name == "onnxruntime" else None)
        yield Check(name, "ok" if found else "broken", found or "not installed")
    yield _guarded("providers", _providers)
    yield _guarded("default model", _model)
    yield _guarded("self-test", _self_test)
    yield _guarded("wardrobe", lambda: _wardrobe(home))
    for extra, (packages, use) in _EXTRAS.items():
        yield _extra(extra, packages, use)
    yield _development_data()


def _guarded(what: str, check: Callable[[], str]) -> Check:
    try:
        return Check(what, "ok", check())
    except EwardrobeError as error:
        return Check(what, "broken", str(error))
    except Exception as error:  # a damaged installation fails in ways nobody lists
        return Check(what, "broken", f"{type(error).__name__}: {error}")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _providers() -> str:
    from ewardrobe.segmentation import available_providers

    return ", ".join(available_providers())


def _model() -> str:
    from ewardrobe.segmentation import read_description, resolve

    path = resolve("default")
    about = read_description(path)
    licence = f", {about.licence}" if about.licence else ""
    return f"{about.name}, {path.stat().st_size / 1e6:.1f} MB, taxonomy {about.taxonomy}{licence}"


def _self_test() -> str:
    """Segment the picture of a striped T-shirt that comes with the package."""
    from ewardrobe.segmentation import Segmenter

    picture = files("ewardrobe.jobs").joinpath("self-test.jpg").read_bytes()
    segmenter = Segmenter("default")
    start = time.perf_counter()
    garments = segmenter.segment(picture).garments
    seconds = time.perf_counter() - start
    found = ", ".join(f"{garment.label} {garment.score:.2f}" for garment in garments) or "nothing"
    if [garment.label for garment in garments] != ["top"]:
        raise EwardrobeError(
            f"found {found} in a picture of one top: the model or ONNX Runtime is damaged, reinstall"
        )
    return f"found {found} in {seconds:.2f} s"


def _wardrobe(home: Path | None) -> str:
    from ewardrobe.wardrobe import Wardrobe
    from ewardrobe.wardrobe import home as default_home

    folder = home or default_home()
    if not folder.exists():
        return f"{folder}, made when the first photo is added"
    with Wardrobe.open(folder) as wardrobe:
        wrong = wardrobe.check()
        if wrong:
            raise EwardrobeError(
                f"{folder}: {wrong[0]}" + (f", and {len(wrong) - 1} more" if len(wrong) > 1 else "")
            )
        return f"{folder}, {len(wardrobe)} garments"


def _extra(name: str, packages: tuple[str, ...], use: str) -> Check:
    found = [f"{package} {version}" for package in packages if (version := _version(package))]
    if found:
        return Check(f"extra {name}", "ok", ", ".join(found))
    return Check(f"extra {name}", "missing", f"{use}; pip install 'ewardrobe[{name}]'")


def _development_data() -> Check:
    named = os.environ.get("EWARDROBE_DATA")
    checkout = Path(__file__).resolve().parents[3]
    folder = Path(named) if named else checkout.parent / "shared" / "data"
    if folder.is_dir():
        inside = ", ".join(sorted(path.name for path in folder.iterdir() if path.is_dir()))
        return Check("development data", "ok", f"{folder}: {inside}")
    where = f"{folder} is no folder" if named else "set EWARDROBE_DATA to its folder"
    return Check("development data", "missing", f"{where}; only training and its tests need it")
