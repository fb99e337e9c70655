"""Which engine makes which change: the one that is named, or the first that can (`auto`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ewardrobe.errors import EwardrobeError, UsageError
from ewardrobe.restyling.changes import Change, Describe, Remove
from ewardrobe.restyling.engines import ENGINES, Engine, Options, create_engine

__all__ = ["AUTO", "Step", "plan"]

AUTO = "auto"


@dataclass(frozen=True)
class Step:
    """A change and the engine that makes it; `passed_over`: why the engines before it could not, one reason each."""

    change: Change
    engine: Engine
    passed_over: tuple[str, ...] = ()

    def __str__(self) -> str:
        because = f" ({'; '.join(self.passed_over)})" if self.passed_over else ""
        return f"{self.change} by {self.engine.name}{because}"


def plan(name: str, changes: Sequence[Change], options: Options) -> tuple[Step, ...]:
    """A step for each change, by the engine of that name or, for `auto`, the first of `ENGINES` that can make it.

    An engine that reads words gets those that the word lists do not know as well.

    Raises:
        UsageError: no such engine, or none can make a change; the line says why, engine by engine.
        MissingExtraError, ModelError: the named engine lacks its packages or its model.
    """
    if name != AUTO:
        engine = create_engine(name, options)
        for change in changes:
            refusal = engine.refusal(change.how)
            if refusal is not None:
                raise UsageError(f"the engine {name} {refusal}")
        return tuple(Step(_in_full(change, engine), engine) for change in changes)
    made: dict[str, Engine] = {}
    return tuple(_first_that_can(change, options, made) for change in changes)


def _first_that_can(change: Change, options: Options, made: dict[str, Engine]) -> Step:
    reasons: list[str] = []
    for name in ENGINES:
        if name not in made:
            try:
                # Settings are those of the engines that have any; `recolour` is asked first and has none.
                made[name] = create_engine(
                    name, replace(options, settings={}) if name == "recolour" else options
                )
            except EwardrobeError as error:
                reasons.append(str(error))
                continue
        refusal = made[name].refusal(change.how)
        if refusal is None:
            return Step(_in_full(change, made[name]), made[name], tuple(reasons))
        reasons.append(f"the engine {name} {refusal}")
    raise UsageError("; ".join(reasons))


def _in_full(change: Change, engine: Engine) -> Change:
    """The change with the words that were not understood, where the engine reads them."""
    if not engine.reads_words or not change.ignored or isinstance(change.how, Remove):
        return change
    words = " ".join([*change.ignored, str(change.how).strip("“”")])
    return replace(change, how=Describe(words), ignored=())
