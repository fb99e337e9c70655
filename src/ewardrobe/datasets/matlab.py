"""MATLAB files, which Clothing Co-Parsing was published in; needs the extra `matlab`.

The extra is SciPy: it is the one reader of this format that is widely used and kept up, and at some 100 MB too
much for everyone's installation, since these files are read once, on the way to another format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ewardrobe.errors import DatasetError, MissingExtraError

__all__ = ["read_matrix", "read_names"]


def read_matrix(path: Path, variable: str) -> NDArray[np.uint8]:
    """The matrix of that name as uint8 (H, W); `DatasetError` when it is not there or holds other numbers."""
    matrix = np.asarray(_variable(path, variable))
    if matrix.ndim != 2 or matrix.dtype.kind not in "uif" or matrix.size == 0:
        raise DatasetError(f"{path}: {variable} is no matrix of numbers")
    whole = matrix.astype(np.uint8)
    if (whole != matrix).any():
        raise DatasetError(f"{path}: {variable} has values that are no whole number from 0 to 255")
    return whole


def read_names(path: Path, variable: str) -> tuple[str, ...]:
    """The cell array of texts of that name."""
    cells = np.asarray(_variable(path, variable), dtype=object).ravel()
    return tuple("".join(np.asarray(cell).astype(str).ravel().tolist()).strip() for cell in cells)


def _variable(path: Path, variable: str) -> Any:
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise MissingExtraError("reading .mat files needs SciPy: pip install 'ewardrobe[matlab]'") from error
    if not path.is_file():
        raise DatasetError(f"{path} is missing: restore it, or take the sample off the list")
    try:
        return loadmat(str(path), variable_names=[variable])[variable]
    except KeyError:
        raise DatasetError(f"{path} has no variable {variable!r}") from None
    except Exception as error:  # damaged files make SciPy raise many kinds
        raise DatasetError(f"{path} cannot be read as a MATLAB file: restore it from its source") from error
