"""`ewardrobe add`: photos into the wardrobe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewardrobe.cli.options import Home, Jobs, Model, Photos
from ewardrobe.cli.output import AsJson
from ewardrobe.cli.runs import show_run

if TYPE_CHECKING:
    from ewardrobe.jobs import Outcome

__all__ = ["add"]


def add(
    photos: Photos,
    home: Home = None,
    model: Model = "default",
    jobs: Jobs = 1,
    as_json: AsJson = False,
) -> None:
    """Find the garments in photos and store them in the wardrobe; a photo stored before is skipped."""
    from ewardrobe.jobs import add_photos, find_sources

    sources = find_sources(photos)
    outcomes = add_photos(sources, home, model=model, jobs=jobs)
    show_run(outcomes, len(sources), title="Adding", describe=_describe, as_json=as_json)


def _describe(outcome: Outcome) -> str:
    count = len(outcome.items)
    head = outcome.reason or f"{count} garment{'' if count == 1 else 's'}"
    return "\n".join([f"{outcome.source.path}: {head}", *map(_line, outcome.items)])


def _line(item: dict[str, Any]) -> str:
    parts = [_sure(item["class"], item["score"])]
    if item["type"] and item["type"] != item["class"]:
        parts.append(_sure(item["type"], item["type_confidence"]))
        if item["runner_up"]:
            parts.append(f"or {item['runner_up']}")
    line = f"  {item['id']:>5}  {item['title']:<28} {'  '.join(parts)}"
    if item["look_alikes"]:
        others = ", ".join(str(other["id"]) for other in item["look_alikes"])
        line += f"  looks like {others}: you may own it already"
    return line.rstrip()


def _sure(name: str | None, confidence: float | None) -> str:
    return f"{name or ''} {'' if confidence is None else f'{confidence:.2f}'}".strip()
