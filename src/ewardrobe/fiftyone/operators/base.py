"""What the operators have in common: how the App, a script and a delegated run each get progress, result and errors."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import fiftyone.operators as foo
from fiftyone.operators import types
from fiftyone.operators.executor import ExecutionResult
from fiftyone.operators.message import GeneratedMessage
from pymongo.errors import PyMongoError

from ewardrobe.errors import EwardrobeError, StoreError
from ewardrobe.fiftyone.forms import chosen_view, offer_views
from ewardrobe.fiftyone.work import Step, Summary, Work, finish, one_line

__all__ = ["ClothingOperator"]

_SENT_BY_THE_APP = frozenset({"filters", "extended", "prompt_id"})


class ClothingOperator(foo.Operator):
    """A form over one of this room's functions; subclasses say which (`work`), and what it asks for (`form`)."""

    name_: ClassVar[str]
    label: ClassVar[str]
    about: ClassVar[str]
    icon: ClassVar[str] = "checkroom"
    button: ClassVar[str] = "Run"
    place: ClassVar[types.Places] = types.Places.SAMPLES_GRID_SECONDARY_ACTIONS
    of_samples: ClassVar[bool] = True
    """Whether it works on samples, which the form then lets choose."""

    @property
    def config(self) -> foo.OperatorConfig:
        """Name, label, and that it may be run at once or delegated."""
        return foo.OperatorConfig(
            name=self.name_,
            label=self.label,
            description=self.about,
            icon=self.icon,
            dynamic=True,
            execute_as_generator=True,
            allow_immediate_execution=True,
            allow_delegated_execution=True,
            view_target=False,
        )

    @abstractmethod
    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Add the operator's own fields to the form; called again at each change."""

    @abstractmethod
    def work(self, ctx: Any, view: Any) -> Work:
        """The work on the chosen samples (on the dataset, where it is not about samples)."""

    def shown(self, ctx: Any, summary: Summary) -> Iterator[Any]:
        """What the App is told to show afterwards."""
        yield ctx.ops.reload_dataset()

    def resolve_placement(self, ctx: Any) -> types.Placement:
        """A button where people look for it."""
        return types.Placement(self.place, types.Button(label=self.label, icon=self.icon, prompt=True))

    def resolve_input(self, ctx: Any) -> types.Property:
        """The form: which samples, then the operator's own fields."""
        inputs = types.Object()
        inputs.view("about", types.Notice(label=self.about))
        if self.of_samples:
            offer_views(ctx, inputs)
        self.form(ctx, inputs)
        view = types.PromptView(label=self.label, submit_button_label=self.button)
        return types.Property(inputs, view=view)

    def resolve_output(self, ctx: Any) -> types.Property:
        """One sentence, the photos that were left out, and details."""
        outputs = types.Object()
        outputs.str("said", label="Done")
        if ctx.results.get("left_out"):
            outputs.list("left_out", types.String(), label="Left out", view=types.ListView(read_only=True))
        if ctx.results.get("details"):
            outputs.str("details", label="Report", view=types.MarkdownView(read_only=True))
        return types.Property(outputs, view=types.View(label=self.label))

    def execute(self, ctx: Any) -> Any:
        """Do the work: as a stream of messages for the App, in one go for a script and for a delegated run."""
        if not ctx.delegated and _SENT_BY_THE_APP & ctx.request_params.keys():
            return self._stream(ctx)
        try:
            summary = finish(self._begin(ctx), lambda step: ctx.set_progress(step.share, _label(step)))
        except PyMongoError as error:
            raise StoreError(one_line(error)) from error
        if not ctx.delegated:
            for _ in self.shown(ctx, summary):
                pass
        return summary.to_dict()

    def _begin(self, ctx: Any) -> Work:
        return self.work(ctx, chosen_view(ctx) if self.of_samples else ctx.dataset)

    def _stream(self, ctx: Any) -> Iterator[GeneratedMessage]:
        """Progress, then what is to be shown, then the result; an error is a line, not a broken stream."""
        try:
            work = self._begin(ctx)
            while True:
                try:
                    step = next(work)
                except StopIteration as end:
                    summary: Summary = end.value
                    break
                yield ctx.ops.set_progress(label=_label(step), progress=step.share)
            yield from self.shown(ctx, summary)
            yield ctx.ops.set_progress(label=summary.line, progress=1.0)
        except Exception as error:
            yield _Outcome(None, one_line(error))
            if not isinstance(error, EwardrobeError | PyMongoError | OSError | MemoryError):
                raise  # the traceback goes to FiftyOne's log
            return
        yield _Outcome(summary.to_dict(), None)


class _Outcome(GeneratedMessage):
    """The last line of a stream, as the App reads it: the result, or the error."""

    def __init__(self, result: dict[str, Any] | None, error: str | None) -> None:
        super().__init__(cls=ExecutionResult)
        self._result, self._error = result, error

    def to_json(self) -> dict[str, Any]:
        """As of other messages, with the plain result as its body."""
        line = {"type": str(self.type), "cls": self.cls.__name__, "body": self._result}
        return line if self._error is None else {**line, "error": self._error}

    def to_json_line(self) -> str:
        """One line of the stream."""
        return json.dumps(self.to_json()) + "\n"


def _label(step: Step) -> str:
    return f"{step.done} of {step.total} photos"
