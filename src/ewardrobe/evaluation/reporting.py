"""What the reports of all kinds of evaluation have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ewardrobe.datasets import BrokenSample, Kind
from ewardrobe.evaluation.scores import Score
from ewardrobe.evaluation.tables import Table, number
from ewardrobe.taxonomy import Taxonomy

__all__ = ["AnyReport", "plain"]


@dataclass(frozen=True)
class AnyReport(ABC):
    """Scores of one model on one set of photos, all worn or all flat.

    Attributes:
        model: what was scored.
        dataset: what it was scored on, with the split.
        kind: `worn` or `flat`.
        taxonomy: what labels and predictions were compared in.
        photos: how many were scored.
        scores: by name; docs/reference/scores.md defines them.
        broken: samples that could not be read; they enter no score.
        settings: what the numbers depend on besides photos and model.
    """

    model: str
    dataset: str
    kind: Kind
    taxonomy: Taxonomy
    photos: int
    scores: Mapping[str, Score]
    broken: tuple[BrokenSample, ...]
    settings: Mapping[str, float]

    task: ClassVar[str]
    titles: ClassVar[Mapping[str, str]]

    @property
    def headline(self) -> str:
        """Model, photos and taxonomy in one line."""
        return f"{self.model} on {self.dataset}: {self.photos} {self.kind} photos, in {self.taxonomy.name}"

    @abstractmethod
    def tables(self) -> list[Table]:
        """All that is shown as tables, the mean scores first."""

    @abstractmethod
    def _details(self) -> dict[str, Any]:
        """What `to_dict` holds beyond what every report has."""

    def notes(self) -> list[str]:
        """What is said below the tables, one line each."""
        return []

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold; what could not be measured is `None`."""
        return {
            "task": self.task,
            "model": self.model,
            "dataset": self.dataset,
            "kind": self.kind,
            "taxonomy": self.taxonomy.name,
            "photos": self.photos,
            "broken": [{"id": sample.id, "reason": sample.reason} for sample in self.broken],
            "scores": {name: plain(score) for name, score in self.scores.items()},
            **self._details(),
            "settings": dict(self.settings),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def table(self) -> str:
        """The report as Markdown that reads well as plain text."""
        parts = [self.headline, *(table.markdown() for table in self.tables()), *self.notes()]
        if self.broken:
            listed = "\n".join(f"- {sample}" for sample in self.broken)
            parts.append(f"{len(self.broken)} samples could not be read and were not scored:\n{listed}")
        return "\n\n".join(parts) + "\n"

    def _score_table(self) -> Table:
        rows = tuple((self.titles[name], str(score)) for name, score in self.scores.items())
        return Table("Scores", ("score", "value [95 % interval]"), rows)


def plain(score: Score) -> dict[str, float | None]:
    """A score as JSON knows it."""
    return {"value": number(score.value), "low": number(score.low), "high": number(score.high)}
