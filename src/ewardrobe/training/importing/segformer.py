"""SegFormers of Hugging Face transformers: a folder that `save_pretrained` wrote, or a repository of the hub.

`config.json` has the network's sizes and its classes (`id2label`), `preprocessor_config.json` the input's size, mean
and standard deviation.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import SegformerConfig, SegformerForSemanticSegmentation

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.foreign.classes import classes_from, is_background, names_from_id2label
from ewardrobe.segmentation.foreign.huggingface import LICENCE, read_preprocessing
from ewardrobe.segmentation.specs import InputSpec, OutputSpec
from ewardrobe.training.architectures.interface import SemanticNet
from ewardrobe.training.architectures.segformer import SegFormer
from ewardrobe.training.architectures.weights import HUB, HUB_FILES, hub_folder, read_state
from ewardrobe.training.importing.interface import Foreign, take_all

__all__ = ["open_hub", "open_segformer"]

_CONFIG, _PREPROCESSOR = "config.json", "preprocessor_config.json"


class _Configured(SegFormer):
    """A SegFormer of any size that a configuration gives."""

    def __init__(self, config: SegformerConfig) -> None:
        SemanticNet.__init__(self, config.num_labels)
        net = SegformerForSemanticSegmentation(config)
        self.segformer, self.decode_head = net.segformer, net.decode_head


def open_hub(repository: str, name: str) -> Foreign:
    """The network of the hub's `repository`; ModelError where it cannot be had."""
    found = open_segformer(hub_folder(repository, (_CONFIG, _PREPROCESSOR)), name)
    return replace(found, fields={**found.fields, "source": f"https://{HUB}/{repository}"})


def open_segformer(folder: Path, name: str) -> Foreign:
    """The network in `folder`.

    Raises:
        ModelError: there is none, it is none of SegFormer, or its files contradict one another.
    """
    config = _read(folder / _CONFIG)
    if config is None:
        raise ModelError(f"{folder} holds neither a finished run nor a model of Hugging Face: no {_CONFIG}")
    if config.get("model_type") != "segformer":
        raise ModelError(
            f"{folder} holds a model of type {config.get('model_type')!r}; only 'segformer' is read: export others to "
            "ONNX with Optimum"
        )
    weights = next((folder / file for file in HUB_FILES if (folder / file).is_file()), None)
    if weights is None:
        raise ModelError(f"the folder {folder} holds no {' or '.join(HUB_FILES)}")
    state = read_state(weights)
    if not any("decode_head." in key for key in state):
        raise ModelError(f"{weights} is an encoder without a head: nothing to segment with")
    names = names_from_id2label(config, f"{_CONFIG} in {folder}")
    try:
        net = _Configured(SegformerConfig.from_dict(config))
    except Exception as error:  # transformers checks little, and what fails may be anything
        raise ModelError(
            f"{folder / _CONFIG} makes no SegFormer: {' '.join(str(error).split())[:120]}"
        ) from None
    take_all(net, state, str(weights))
    size, mean, std = read_preprocessing(_read(folder / _PREPROCESSOR) or {}, f"{_PREPROCESSOR} in {folder}")
    fields: dict[str, Any] = {
        "title": "SegFormer",
        "input": InputSpec("stretch", height=size[0], width=size[1]),
        "mean": mean,
        "std": std,
        "outputs": {"logits": OutputSpec("logits", stride=4)},
        "licence": LICENCE,
    }
    # Without a background among them, only the user can say which class stands for it.
    known = classes_from(names, name, background=True) if is_background(names[0]) else None
    return Foreign(net.eval(), fields, known)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise ModelError(f"{path} is not valid JSON") from None
    if not isinstance(document, dict):
        raise ModelError(f"{path} is no JSON object")
    return document
