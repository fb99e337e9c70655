from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

import ewardrobe
from tests.conftest import REPOSITORY

HEAVY = ("numpy", "cv2", "onnxruntime", "PIL", "pandas", "sqlalchemy", "scipy", "torch")


def imported_by(code: str) -> set[str]:
    report = f"import sys; {code}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_imports_next_to_nothing() -> None:
    assert not imported_by("import ewardrobe").intersection(HEAVY)


def test_segmenting_imports_neither_database_nor_data_frames() -> None:
    loaded = imported_by("import ewardrobe; ewardrobe.Segmenter, ewardrobe.segment")
    assert not loaded.intersection({"pandas", "sqlalchemy", "scipy", "torch", "onnx", "pycocotools"})


def test_names() -> None:
    assert set(ewardrobe.__all__) <= set(dir(ewardrobe))
    from ewardrobe.segmentation import Segmenter

    assert ewardrobe.Segmenter is Segmenter
    with pytest.raises(AttributeError, match="try_off"):
        ewardrobe.try_off  # noqa: B018


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert ewardrobe.__version__ == project["version"]
