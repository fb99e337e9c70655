"""`change_outfit`: clothes changed by prompt, as new samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import types

from ewardrobe.errors import EwardrobeError
from ewardrobe.fiftyone.forms import ask_choice, ask_model, refuse, text
from ewardrobe.fiftyone.operators.base import ClothingOperator
from ewardrobe.fiftyone.restyling import change_outfit, default_folder
from ewardrobe.fiftyone.work import Summary, Work, every_sample
from ewardrobe.restyling import ENGINES, parse_prompt
from ewardrobe.restyling.choosing import AUTO

__all__ = ["ChangeOutfit"]

_MOST = 64


class ChangeOutfit(ClothingOperator):
    """Selected samples and a prompt to new samples."""

    name_ = "change_outfit"
    label = "Change outfit"
    about = "Change clothes by prompt; the new pictures join the dataset, the photos stay as they are"
    icon = "auto_fix_high"
    button = "Change"
    place = types.Places.SAMPLES_GRID_ACTIONS

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """The prompt with what is understood of it, garment, engine, seed, number, folder and model."""
        asked = inputs.str(
            "prompt",
            label="Prompt",
            description="such as: make the shirt red; black and white stripes on the dress; remove the bag",
            required=True,
        )
        self._understood(ctx, inputs, asked)
        inputs.str(
            "garment",
            label="Garment",
            description="where the prompt names none, such as: top",
            required=False,
        )
        ask_choice(
            inputs,
            "engine",
            (AUTO, *ENGINES),
            label="Engine",
            default=AUTO,
            description="auto: the first that can do what is asked",
        )
        inputs.int(
            "seed",
            label="Seed",
            description="0 is to the letter; others vary the shade of a named colour and a pattern's place",
            default=0,
            min=0,
        )
        inputs.int("number", label="Pictures of each photo", default=1, min=1, max=_MOST)
        inputs.str(
            "folder",
            label="Folder for the new pictures",
            default=None if ctx.dataset is None else str(default_folder(ctx.dataset)),
            required=False,
        )
        inputs.str(
            "inpainter",
            label="Inpainter",
            description="an ONNX file that fills in what is removed; empty: OpenCV",
            required=False,
        )
        ask_model(inputs)

    def _understood(self, ctx: Any, inputs: types.Object, asked: Any) -> None:
        """What is understood is shown before it is done; what is not, is said."""
        prompt = text(ctx, "prompt")
        if prompt is None:
            return
        try:
            changes = parse_prompt(prompt, garment=text(ctx, "garment"))
        except EwardrobeError as error:
            refuse(asked, error)
            inputs.view("refused", types.Error(label=str(error)))
        else:
            inputs.view("understood", types.Notice(label="Understood: " + "; ".join(map(str, changes))))

    def work(self, ctx: Any, view: Any) -> Work:
        """See `change_outfit`."""
        given = ctx.params
        return change_outfit(
            view,
            text(ctx, "prompt") or "",
            garment=text(ctx, "garment"),
            engine=given.get("engine") or AUTO,
            seed=int(given.get("seed") or 0),
            number=min(_MOST, max(1, int(given.get("number") or 1))),
            folder=text(ctx, "folder"),
            inpainter=text(ctx, "inpainter"),
            model=text(ctx, "model") or "default",
        )

    def shown(self, ctx: Any, summary: Summary) -> Iterator[Any]:
        """Each photo beside the pictures made of it."""
        yield ctx.ops.reload_dataset()
        yield ctx.ops.clear_selected_samples()
        looked_at = list(dict.fromkeys(summary.ids))
        yield ctx.ops.set_view(every_sample(ctx.dataset).select(looked_at, ordered=True))
