"""Pieces of forms that several operators have: which samples, which model, which field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import fiftyone.core.media as fom
from fiftyone.operators import types

from ewardrobe import taxonomy as taxonomies
from ewardrobe.errors import UsageError
from ewardrobe.fiftyone.work import every_sample
from ewardrobe.segmentation import models

__all__ = [
    "ask_choice",
    "ask_field",
    "ask_model",
    "ask_taxonomy",
    "chosen_view",
    "offer_views",
    "refuse",
    "text",
]

_MODEL_TASKS = ("semantic", "instance")


def offer_views(ctx: Any, inputs: types.Object) -> None:
    """Let people choose between the selected samples, the view and the dataset, as far as these differ."""
    choices = types.RadioGroup(orientation="horizontal")
    if ctx.selected:
        choices.add_choice("selected", label=f"{len(ctx.selected)} selected")
    if ctx.has_custom_view:
        choices.add_choice("view", label="current view")
    choices.add_choice("dataset", label="whole dataset")
    if len(choices.choices) > 1:
        values = choices.values()
        inputs.enum("samples", values, default=values[0], label="Samples", view=choices)


def chosen_view(ctx: Any) -> Any:
    """The samples to work on: those selected, else the view, else the dataset, unless the form says otherwise.

    Of a grouped dataset, the samples of the slice that is shown; selected ones, whatever their slice.
    """
    if ctx.dataset is None:
        raise UsageError("open a dataset first")
    wish = ctx.params.get("samples")
    if wish not in (None, "selected", "view", "dataset"):
        raise UsageError(f"samples: selected, view or dataset, not {wish!r}")
    grouped = ctx.dataset.media_type == fom.GROUP
    if wish == "selected" or (wish is None and ctx.selected):
        return every_sample(ctx.dataset).select(ctx.selected)
    view = ctx.dataset.view() if wish == "dataset" else ctx.view
    if grouped and view.media_type == fom.GROUP:
        return view.select_group_slices(ctx.group_slice or ctx.dataset.group_slice)
    return view


def ask_model(inputs: types.Object, *, name: str = "model", default: str | None = "default") -> None:
    """A model of the catalogue that is installed, or the path of an ONNX file."""
    known = types.AutocompleteView()
    for info in models():
        task = info.description.task if info.description else "semantic"
        if info.installed and task in _MODEL_TASKS:
            known.add_choice(info.name, label=f"{info.name}: {info.title}")
    inputs.str(
        name,
        label="Model",
        description="one of eWardrobe's catalogue, or the path of an ONNX file that describes itself",
        default=default,
        required=False,
        view=known,
    )


def ask_field(
    inputs: types.Object,
    name: str,
    fields: Iterable[str],
    *,
    label: str,
    default: str | None = None,
    description: str | None = None,
) -> None:
    """A field of labels: one of those there are, or one that there will be when a scheduled run begins."""
    known = types.AutocompleteView()
    for field in fields:
        known.add_choice(field, label=field)
    inputs.str(name, label=label, description=description, default=default, required=False, view=known)


def ask_taxonomy(inputs: types.Object, name: str, label: str, description: str) -> None:
    """A taxonomy by name, or none."""
    ask_choice(inputs, name, taxonomies.names(), label=label, description=description)


def ask_choice(
    inputs: types.Object,
    name: str,
    values: Iterable[str] | Mapping[str, str],
    *,
    label: str,
    default: str | None = None,
    description: str | None = None,
) -> Any:
    """One of a few; with a mapping, by value and what it is called."""
    choices = types.DropdownView()
    for value in values:
        choices.add_choice(value, label=values[value] if isinstance(values, Mapping) else value)
    return inputs.enum(
        name,
        choices.values(),
        label=label,
        description=description,
        default=default,
        required=False,
        view=choices,
    )


def refuse(prop: Any, error: Exception) -> None:
    """Mark a field of the form as wrong, with the reason."""
    prop.invalid = True
    prop.error_message = str(error)


def text(ctx: Any, name: str) -> str | None:
    """What was typed into a field; None when it is empty."""
    value = ctx.params.get(name)
    return (str(value).strip() or None) if value is not None else None
