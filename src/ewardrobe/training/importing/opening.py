"""Which family a folder, a file or a name of the hub belongs to. Nothing in a file is run to find out."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from ewardrobe.errors import ModelError, UsageError
from ewardrobe.training.architectures.weights import HUB_FILES, REPOSITORY, SUFFIXES, read_state
from ewardrobe.training.importing.interface import Foreign

__all__ = ["open_foreign"]

_PLAIN = ("model", "pytorch_model")


def open_foreign(source: str, *, allow_pickle: bool = False) -> tuple[str, Foreign]:
    """The network at `source`, and what to call it; see `import_model`.

    Raises:
        UsageError: it is a pickle, and `allow_pickle` is not given.
        ModelError: it cannot be read, or is of no known family.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return _name(path), _segformer(path, _name(path))
    if path.is_file():
        return _name(path), _file(path, _name(path), allow_pickle)
    if REPOSITORY.fullmatch(source) and path.suffix not in SUFFIXES:
        from ewardrobe.training.importing.segformer import open_hub

        name = source.partition("/")[2]
        return name, open_hub(source, name)
    raise ModelError(f"there is no file or folder {source}")


def _file(path: Path, name: str, allow_pickle: bool) -> Foreign:
    if _is_ultralytics(path):
        if not allow_pickle:
            raise UsageError(
                f"{path.name} is a pickle of Ultralytics (AGPL-3.0): reading it runs the code in it; give "
                "--allow-pickle if you trust where it comes from"
            )
        from ewardrobe.training.importing.ultralytics import open_ultralytics

        return open_ultralytics(path, name)
    state = read_state(path)
    from ewardrobe.training.importing.maskrcnn import is_maskrcnn, open_maskrcnn
    from ewardrobe.training.importing.u2net import is_u2net, open_u2net

    if is_u2net(state):
        return open_u2net(state, path.name)
    if is_maskrcnn(state):
        return open_maskrcnn(state, path.name, name)
    if path.name in HUB_FILES and (path.parent / "config.json").is_file():
        return _segformer(path.parent, name)
    raise ModelError(
        f"{path.name} holds the tensors of no network that is known: U²-Net, torchvision's Mask R-CNN (ResNet-50); of "
        "a SegFormer, give the folder with its config.json"
    )


def _segformer(folder: Path, name: str) -> Foreign:
    from ewardrobe.training.importing.segformer import open_segformer

    return open_segformer(folder, name)


def _is_ultralytics(path: Path) -> bool:
    """Whether a file pickles classes of Ultralytics, by the names in it."""
    if path.suffix == ".safetensors":
        return False
    try:
        found = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # whatever is wrong with it, reading its tensors says so
        return False
    return any(re.match(r"(ultralytics|models\.yolo)\.", name) for name in found)


def _name(path: Path) -> str:
    """What to call the model: the file's or folder's name, the folder's for a `model.safetensors`."""
    whole = path.absolute()
    name = whole.stem if path.is_file() else whole.name
    name = whole.parent.name if name in _PLAIN else name
    return "".join(letter for letter in name if letter.isprintable()) or "model"
