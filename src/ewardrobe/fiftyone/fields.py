"""Fields of a FiftyOne dataset: made, guarded against being written over, and with the classes' names and colours."""

from __future__ import annotations

from typing import Any, Literal

import fiftyone as fo
from ewardrobe.errors import UsageError
from ewardrobe.taxonomy import Taxonomy
from fiftyone import ViewField

__all__ = ["EXISTING", "Existing", "claim", "class_colours", "label_fields", "name_classes"]

Existing = Literal["refuse", "skip", "overwrite"]
EXISTING: dict[str, str] = {
    "refuse": "Stop, if any of these samples has labels in the field",
    "skip": "Leave the samples that have labels as they are",
    "overwrite": "Replace the labels",
}
"""What becomes of labels that are there already."""


def label_fields(dataset: fo.Dataset, *kinds: type) -> list[str]:
    """Fields that hold labels of these classes, by name."""
    schema = dataset.get_field_schema(ftype=fo.EmbeddedDocumentField)
    return sorted(name for name, field in schema.items() if issubclass(field.document_type, kinds))


def claim(view: Any, name: str, kind: type, existing: Existing) -> list[str]:
    """Make sure that labels of class `kind` can be written to a field; the ids of the view's samples to write to.

    Raises:
        UsageError: no such field can be made, it holds something else, or `existing` is "refuse" and it has labels.
    """
    if existing not in EXISTING:
        raise UsageError(f"existing labels: one of {', '.join(EXISTING)}, not {existing!r}")
    dataset = view._root_dataset
    field = dataset.get_field(name) if name else None
    if field is None:
        try:
            dataset.add_sample_field(name, fo.EmbeddedDocumentField, embedded_doc_type=kind)
        except (ValueError, TypeError) as error:
            raise UsageError(f"{name!r} cannot be a field's name: use letters, digits and _") from error
        ids: list[str] = view.values("id")
        return ids
    holds = getattr(field, "document_type", type(field))
    if not issubclass(holds, kind):
        raise UsageError(
            f"the field {name!r} holds {holds.__name__}, not {kind.__name__}: choose another name"
        )
    labelled = set(view.match(ViewField(name) != None).values("id"))  # noqa: E711 (an expression of the database)
    if labelled and existing == "refuse":
        raise UsageError(
            f"{len(labelled)} of these samples have labels in {name!r}: choose another field, or skip or replace them"
        )
    skipped = labelled if existing == "skip" else set()
    return [found for found in view.values("id") if found not in skipped]


def name_classes(dataset: fo.Dataset, field: str, taxonomy: Taxonomy, kind: type) -> None:
    """Tell the dataset, and so the App, the names and colours of a field's classes; other fields keep theirs."""
    if kind is fo.Segmentation:
        dataset.mask_targets[field] = {item.index: item.name for item in taxonomy}
    else:
        dataset.classes[field] = list(taxonomy.labels[1:])
    scheme = dataset.app_config.color_scheme or fo.ColorScheme(color_by="value")
    others = [entry for entry in scheme.fields or [] if entry.get("path") != field]
    scheme.fields = [*others, class_colours(field, taxonomy, kind)]
    dataset.app_config.color_scheme = scheme
    dataset.save()


def class_colours(field: str, taxonomy: Taxonomy, kind: type) -> dict[str, Any]:
    """The entry of a colour scheme that gives each class its colour."""
    if kind is fo.Segmentation:
        named = [{"intTarget": item.index, "color": _hex(item.colour)} for item in taxonomy if item.index]
        return {"path": field, "maskTargetsColors": named}
    values = [{"value": item.name, "color": _hex(item.colour)} for item in taxonomy if item.index]
    return {"path": field, "colorByAttribute": "label", "valueColors": values}


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
