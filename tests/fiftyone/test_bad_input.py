"""What a person can get wrong, and what is then said: one line, and no half-made sample."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import REPOSITORY
from tests.fiftyone.conftest import EXAMPLES, free_port, start_mongod

Run = Callable[..., dict[str, Any]]


def test_missing_files_and_odd_photos(fo: Any, run: Run, tmp_path: Path) -> None:
    made = fo.Dataset()
    odd = {"grey.png": "L", "clear.png": "RGBA"}
    with Image.open(EXAMPLES / "flat" / "jeans.jpg") as photo:
        for name, mode in odd.items():
            photo.convert(mode).save(tmp_path / name)
        photo.resize((3, 4)).save(tmp_path / "tiny.png")
    (tmp_path / "text.jpg").write_text("no photo")
    names = [*odd, "tiny.png", "text.jpg", "gone.jpg"]
    made.add_samples([fo.Sample(filepath=str(tmp_path / name)) for name in names])
    result = run("segment_clothing", made)
    assert result["done"] == 3 and len(result["left_out"]) == 2
    assert all("\n" not in line for line in result["left_out"])
    assert [sample.clothing is None for sample in made] == [False, False, False, True, True]
    assert made.last().garments is None
    made.delete()


def test_a_field_of_another_type(fo: Any, run: Run, dataset: Any) -> None:
    dataset.set_values("clothing", [fo.Classification(label="x") for _ in dataset])
    with pytest.raises(Exception, match="'clothing' holds Classification, not Segmentation"):
        run("segment_clothing", dataset)
    assert dataset.get_field("garments") is None or dataset.count("garments") == 0
    dataset.add_sample_field("restyle_seed", fo.StringField)
    with pytest.raises(Exception, match="'restyle_seed' holds StringField"):
        run("change_outfit", dataset, prompt="make the top red")
    assert len(dataset) == 4


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"prompt": ""}, "Required property|prompt"),
        ({"prompt": "mach das Hemd rot"}, "prompt"),
        ({"prompt": "make the skirt red"}, "no skirt in this photo; found:"),
        ({"prompt": "make the top red", "engine": "none"}, "none|engine"),
        ({"prompt": "make the top red", "model": "nowhere.onnx"}, "nowhere.onnx"),
    ],
)
def test_prompts_that_cannot_be_met(run: Run, dataset: Any, params: dict[str, str], line: str) -> None:
    with pytest.raises(Exception, match=line):
        run("change_outfit", dataset, **params)
    assert len(dataset) == 4


def test_other_things_that_cannot_be(fo: Any, run: Run, dataset: Any, tmp_path: Path) -> None:
    for name, params, line in (
        ("evaluate_clothing_segmentation", {"truth": "nothing", "model": "default"}, "nothing"),
        ("evaluate_clothing_segmentation", {"model": "default"}, "name the field of true labels"),
        ("compute_garment_embeddings", {"field": "nothing"}, "nothing"),
        ("export_clothing_dataset", {"field": "nothing", "folder": str(tmp_path)}, "nothing"),
        ("import_wardrobe", {"folder": str(tmp_path)}, "there is no wardrobe in"),
        ("segment_clothing", {"segmentation": "", "detections": ""}, "name a field"),
    ):
        with pytest.raises(Exception, match=line):
            run(name, dataset, **params)
    empty = fo.Dataset()
    with pytest.raises(Exception, match="there is no sample here"):
        run("segment_clothing", empty)
    empty.delete()


def test_cancelled_in_the_middle(dataset: Any, tmp_path: Path) -> None:
    """What closing the App's tab does to a running operator: its stream is closed between two messages."""
    from ewardrobe.fiftyone.restyling import change_outfit
    from ewardrobe.fiftyone.segmenting import segment_clothing

    work = segment_clothing(dataset, batch_size=16)
    next(work)
    next(work)
    work.close()
    labelled = [(sample.clothing is not None, sample.garments is not None) for sample in dataset]
    assert labelled == [(True, True)] * 2 + [(False, False)] * 2

    work = change_outfit(dataset, "make the top red", folder=tmp_path)
    next(work)
    work.close()
    made = dataset.match_tags("restyled")
    assert len(made) == 1
    assert [str(path) for path in tmp_path.iterdir()] == made.values("filepath")


def test_a_database_that_refuses_leaves_no_picture(fo: Any, dataset: Any, tmp_path: Path) -> None:
    from ewardrobe.fiftyone.restyling import change_outfit
    from ewardrobe.fiftyone.work import finish

    dataset.add_sample_field("restyle_seed", fo.IntField)
    for number, sample in enumerate(dataset.iter_samples(autosave=True)):
        sample.restyle_seed = -1 - number
    dataset.create_index("restyle_seed", unique=True)  # so that the second picture is refused
    with pytest.raises(Exception, match="duplicate key"):
        finish(change_outfit(dataset, "make the top red", folder=tmp_path))
    made = dataset.match_tags("restyled")
    assert len(made) == 1 and [str(path) for path in tmp_path.iterdir()] == made.values("filepath")


GONE = """
import os, signal, sys
import fiftyone as fo
import fiftyone.operators as foo
made = fo.Dataset()
made.add_sample(fo.Sample(filepath=sys.argv[1]))
ctx = foo.executor.ExecutionContext({"dataset_name": made.name, "params": {}})
ctx.dataset
os.kill(int(sys.argv[2]), signal.SIGKILL)
operator = foo.registry.OperatorRegistry().get_operator("@ewardrobe/ewardrobe/segment_clothing")
try:
    operator.execute(ctx)
except Exception as error:
    print(type(error).__name__, error)
"""


def test_mongodb_gone(settings: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    mongod = start_mongod(tmp_path / "db", port)
    uri = f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=1000"
    arguments = [str(EXAMPLES / "flat" / "jeans.jpg"), str(mongod.pid)]
    done = subprocess.run(
        [sys.executable, "-c", GONE, *arguments],
        env={**os.environ, "FIFTYONE_DATABASE_URI": uri},
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    mongod.wait()
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("StoreError FiftyOne's database does not answer"), done.stdout + done.stderr


def test_the_plugin_says_what_is_missing(tmp_path: Path) -> None:
    """FiftyOne without ewardrobe beside it."""
    plugin = REPOSITORY / "plugins" / "fiftyone" / "__init__.py"
    code = f"import sys; sys.modules['ewardrobe'] = None; exec(open({str(plugin)!r}).read())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "fiftyone plugins requirements @ewardrobe/ewardrobe --install" in done.stderr.splitlines()[-1]


def test_masks_of_any_size_and_labels_that_make_no_sense(fo: Any) -> None:
    from ewardrobe.errors import DatasetError
    from ewardrobe.fiftyone.labels import annotation_of, label_map_of, mask_of

    half = fo.Detection(label="top", bounding_box=[0.5, 0, 0.5, 1], mask=np.ones((2, 1), bool))
    mask = mask_of(half, (40, 20))
    assert mask.shape == (20, 40) and mask[:, 20:].all() and not mask[:, :20].any()
    boxed = fo.Detection(label="top", bounding_box=[0, 0, 1, 1])
    annotation = annotation_of(fo.Detections(detections=[half, boxed]), (40, 20))
    assert len(annotation.instances) == 1 and annotation.faults == ("this top has a box but no mask",)
    with pytest.raises(DatasetError, match="value 40"):
        label_map_of(fo.Segmentation(mask=np.full((4, 4), 40)), 17)
    with pytest.raises(DatasetError, match="no map of class indices"):
        label_map_of(fo.Segmentation(mask=np.zeros((4, 4, 3), np.uint8)), 17)


def test_forms_say_what_is_understood(fo: Any, dataset: Any) -> None:
    """Each form as the App gets it, and the line under a prompt."""
    import fiftyone.operators as foo

    from ewardrobe.fiftyone.operators import OPERATORS, ChangeOutfit

    for kind in OPERATORS:
        context = foo.executor.ExecutionContext({"dataset_name": dataset.name, "params": {}})
        form = kind().resolve_input(context).to_json()
        assert form["type"]["properties"] and kind().resolve_placement(context).to_json()
    for prompt, name, line in (
        ("make the shirt red", "understood", "Understood: shirt → red"),
        ("gibberish", "refused", ""),
    ):
        request = {"dataset_name": dataset.name, "params": {"prompt": prompt}}
        form = ChangeOutfit().resolve_input(foo.executor.ExecutionContext(request)).to_json()
        shown = form["type"]["properties"]
        assert line in shown[name]["view"]["label"]
        assert shown["prompt"]["invalid"] == (name == "refused")


def test_the_stream_of_the_app_ends_in_a_line(dataset: Any) -> None:
    """As the App runs it: progress, then the result or the error, and never a broken stream."""
    import json

    import fiftyone.operators as foo

    from ewardrobe.fiftyone.operators import SegmentClothing

    def stream(**params: Any) -> list[dict[str, Any]]:
        request = {"dataset_name": dataset.name, "params": params, "filters": {}}
        context = foo.executor.ExecutionContext(request, executor=foo.executor.Executor())
        return [json.loads(message.to_json_line()) for message in SegmentClothing().execute(context)]

    good = stream(detections="")
    assert good[-1]["body"]["done"] == 4 and "error" not in good[-1]
    progress = [
        line["body"]["params"]["progress"] for line in good[:-1] if "progress" in line["body"]["params"]
    ]
    assert progress == [0.25, 0.5, 0.75, 1.0, 1.0]
    bad = stream(detections="")
    assert len(bad) == 1 and bad[0]["error"].startswith("4 of these samples have labels")
    assert bad[0]["body"] is None
