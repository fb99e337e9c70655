"""A trained network as files: `model.safetensors` with `model.json`, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save

from ewardrobe import taxonomy as taxonomies
from ewardrobe.errors import ModelError
from ewardrobe.imaging import write_atomically
from ewardrobe.taxonomy import Taxonomy
from ewardrobe.training.architectures import create_model
from ewardrobe.training.architectures.interface import InstanceNet, SemanticNet
from ewardrobe.training.config import Config

__all__ = ["SavedModel", "load_model", "save_model"]

_WEIGHTS, _ABOUT = "model.safetensors", "model.json"


@dataclass(frozen=True)
class SavedModel:
    """A network with its weights and what it was trained for; `about` is the document of `model.json`."""

    net: SemanticNet | InstanceNet
    task: str
    taxonomy: Taxonomy
    about: dict[str, Any]


def save_model(
    net: SemanticNet | InstanceNet,
    config: Config,
    task: str,
    taxonomy: Taxonomy,
    folder: Path,
    *,
    scores: dict[str, float],
    export: bool = True,
) -> Path | None:
    """Write the weights and their description into `folder`, and `model.onnx` where `export` is asked for; its path."""
    state = {name: value.detach().cpu().contiguous().clone() for name, value in net.state_dict().items()}
    write_atomically(folder / _WEIGHTS, save(state))
    about = {
        "name": config.name,
        "about": config.about,
        "architecture": config.architecture,
        # Weights are in the file beside: whatever training started from is not looked for again.
        "options": {**config.model, "weights": None},
        "task": task,
        "taxonomy": taxonomy.name,
        # A network that started from published weights is normalised as they were.
        "mean": list(net.mean),
        "std": list(net.std),
        "height": config.data.height,
        "width": config.data.width,
        "data": [f"{item.path}{f' ({item.split})' if item.split else ''}" for item in config.data.train],
        "scores": scores,
    }
    write_atomically(folder / _ABOUT, json.dumps(about, indent=2, ensure_ascii=False).encode())
    if not export:
        return None
    from ewardrobe.training.exporting import export_run

    return export_run(folder, folder / "model.onnx").path


def load_model(folder: Path) -> SavedModel:
    """The network that `save_model` wrote into the run `folder`, in evaluation mode.

    Raises:
        ModelError: it holds no finished run, or the weights are of another architecture.
    """
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        state = load_file(folder / _WEIGHTS)
    except FileNotFoundError:
        raise ModelError(
            f"{folder} holds no finished run ({_WEIGHTS}, {_ABOUT}): train to the end first"
        ) from None
    except Exception as error:  # safetensors raises its own, directly under Exception
        raise ModelError(
            f"{folder / _WEIGHTS} cannot be read: {' '.join(str(error).split())[:160]}"
        ) from None
    taxonomy = taxonomies.load(about["taxonomy"])
    net = create_model(
        about["architecture"], 1 if about["task"] == "matting" else len(taxonomy), **about["options"]
    )
    net.mean, net.std = tuple(about["mean"]), tuple(about["std"])
    try:
        net.load_state_dict(state)
    except RuntimeError:
        raise ModelError(
            f"the weights in {folder} are not of {about['architecture']} with {len(taxonomy)} classes"
        ) from None
    return SavedModel(net.eval(), about["task"], taxonomy, about)
