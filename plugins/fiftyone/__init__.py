"""What FiftyOne loads: the operators themselves are in the package, `ewardrobe.fiftyone.operators`."""

try:
    from ewardrobe.fiftyone.operators import register
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("ewardrobe"):
        raise
    raise ModuleNotFoundError(
        "the package ewardrobe is missing beside FiftyOne: fiftyone plugins requirements @ewardrobe/ewardrobe --install"
    ) from error

__all__ = ["register"]
