"""Every operator as a script runs it, on real photos, and what the dataset holds afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ewardrobe import Segmenter, taxonomy
from ewardrobe.datasets import open_dataset
from ewardrobe.restyling import read_provenance
from ewardrobe.wardrobe import Wardrobe

Run = Callable[..., dict[str, Any]]


def test_the_plugin_is_found_with_its_operators(fo: Any) -> None:
    import fiftyone.operators as foo
    import fiftyone.plugins as fop

    plugin = fop.get_plugin("@ewardrobe/ewardrobe")
    listed = {item.uri for item in foo.list_operators() if item.uri.startswith("@ewardrobe/ewardrobe/")}
    assert len(listed) == 7
    assert {uri.rpartition("/")[2] for uri in listed} == set(plugin.operators)


def test_segmenting_writes_what_the_model_found(run: Run, dataset: Any) -> None:
    result = run("segment_clothing", dataset, attributes=True)
    assert result["done"] == 4 and not result["left_out"]
    sample = dataset.first()
    expected = Segmenter().segment(sample.filepath)
    assert np.array_equal(sample.clothing.mask, expected.label_map)
    assert [item.label for item in sample.garments.detections] == [item.label for item in expected.garments]
    first, garment = sample.garments.detections[0], expected.garments[0]
    assert np.array_equal(first.mask, garment.cropped_mask)
    assert first.confidence == pytest.approx(garment.score)
    assert first.bounding_box[0] * expected.photo.width == pytest.approx(garment.box[0])
    assert first["colour"] and first["area"] == garment.area
    wardrobe = taxonomy.load("wardrobe")
    assert dataset.mask_targets["clothing"] == {item.index: item.name for item in wardrobe}
    colours = {entry["path"]: entry for entry in dataset.app_config.color_scheme.fields}
    assert len(colours["clothing"]["maskTargetsColors"]) == 16
    assert dataset.get_field("garments.detections.area") is not None


def test_labels_that_are_there_are_guarded(run: Run, dataset: Any) -> None:
    chosen = [dataset.first().id]
    run("segment_clothing", dataset, selected=chosen, detections="")
    before = dataset.first().clothing.id
    assert dataset.count("clothing") == 1 and dataset.get_field("garments") is None
    with pytest.raises(Exception, match="1 of these samples have labels in 'clothing'"):
        run("segment_clothing", dataset, detections="")
    result = run("segment_clothing", dataset, detections="", existing="skip")
    assert result["done"] == 3 and dataset.first().clothing.id == before
    run("segment_clothing", dataset, selected=chosen, detections="", existing="overwrite")
    assert dataset.first().clothing.id != before


def test_an_outfit_is_changed_into_new_samples(run: Run, dataset: Any, tmp_path: Path) -> None:
    source = dataset.first()
    asked = {"prompt": "make it red", "garment": "top", "number": 2, "folder": str(tmp_path / "new")}
    result = run("change_outfit", dataset, selected=[source.id], **asked)
    made = dataset.match_tags("restyled")
    assert len(made) == 2 == result["done"] and result["ids"] == [source.id, *made.values("id")]
    for seed, sample in enumerate(made):
        assert (sample.restyle_source, sample.restyle_prompt) == (source.id, "make it red")
        assert (sample.restyle_engine, sample.restyle_seed) == ("recolour", seed)
        old, new = np.asarray(Image.open(source.filepath)), np.asarray(Image.open(sample.filepath))
        differs = (old != new).any(axis=2)
        assert differs.any() and not differs[sample.restyle_mask.mask == 0].any()
        assert read_provenance(Path(sample.filepath))["seed"] == seed
    # Once more: the pictures are there, and nothing is doubled.
    assert run("change_outfit", dataset, selected=[source.id], **asked)["done"] == 0
    assert len(dataset) == 6


def test_photos_without_the_garment_are_named_and_the_others_done(
    run: Run, dataset: Any, tmp_path: Path
) -> None:
    result = run("change_outfit", dataset, prompt="make the jeans black", folder=str(tmp_path))
    assert result["done"] >= 1
    assert any("in this photo; found:" in line for line in result["left_out"])
    assert len(dataset.match_tags("restyled")) == result["done"] == len(list(tmp_path.glob("*.png")))


def test_a_changed_outfit_joins_its_group(fo: Any, run: Run, dataset: Any, tmp_path: Path) -> None:
    grouped = fo.Dataset()
    grouped.add_group_field("look", default="front")
    path = dataset.last().filepath
    grouped.add_sample(fo.Sample(filepath=path, look=fo.Group().element("front")))
    for colour in ("red", "blue"):
        run("change_outfit", grouped, prompt=f"make the top {colour}", folder=str(tmp_path))
    assert set(grouped.get_group(grouped.first().look.id)) == {"front", "outfit-1", "outfit-2"}
    grouped.delete()


def test_labels_are_scored_and_the_scores_kept(run: Run, dataset: Any) -> None:
    run("segment_clothing", dataset)
    result = run("evaluate_clothing_segmentation", dataset, truth="clothing", predictions="clothing")
    assert result["done"] == 4 and "garment mIoU 1.000" in result["said"]
    assert dataset.values("clothing_garment_miou") == [1.0] * 4
    sample = dataset.first()
    garments = np.isin(sample.clothing.mask, taxonomy.load("wardrobe").garments)
    spoilt = sample.clothing.mask.copy()
    spoilt[garments] = 0
    sample.clothing.mask = spoilt
    sample.save()
    run("evaluate_clothing_segmentation", dataset, truth="clothing", model="default", key="model")
    values = dataset.values("model_garment_miou")
    assert values[1:] == [1.0] * 3 and values[0] != 1.0
    kept = dataset.load_run_results("model").report
    assert kept["photos"] == 4 and kept["taxonomy"] == "wardrobe"
    with pytest.raises(Exception, match="there is a run 'model' already"):
        run("evaluate_clothing_segmentation", dataset, truth="clothing", model="default", key="model")


def test_embeddings_feed_similarity_and_the_map(run: Run, dataset: Any) -> None:
    run("segment_clothing", dataset, segmentation="")
    keys = {"similarity": "alike", "visualization": "map"}
    run("compute_garment_embeddings", dataset, **keys)
    vectors = [vector for row in dataset.values("garments.detections.embedding") for vector in row]
    assert np.allclose([np.linalg.norm(vector) for vector in vectors], 1, atol=1e-5)
    patches = dataset.to_patches("garments")
    nearest = patches.sort_by_similarity(patches.first().id, k=2, brain_key="alike")
    assert nearest.first().id == patches.first().id and len(nearest) == 2
    assert dataset.load_brain_results("map").points.shape == (len(vectors), 2)
    with pytest.raises(Exception, match="there is a brain run 'alike' already"):
        run("compute_garment_embeddings", dataset, **keys)


@pytest.mark.parametrize("format", ["coco", "yolo", "label-maps"])
def test_an_export_reads_back_as_what_was_labelled(
    run: Run, dataset: Any, tmp_path: Path, format: str
) -> None:
    run("segment_clothing", dataset)
    field = "clothing" if format == "label-maps" else "garments"
    result = run("export_clothing_dataset", dataset, field=field, folder=str(tmp_path / "out"), format=format)
    assert result["done"] == 4
    back = open_dataset(
        next(path.parent for path in sorted((tmp_path / "out").rglob("*.json")))
        if format == "coco"
        else tmp_path / "out"
    )
    assert len(back) == 4
    if format == "label-maps":
        found = {sample.id: sample.label_map for sample in back}
        assert np.array_equal(found["astronaut"], dataset.first().clothing.mask)
    if format == "coco":
        document = json.loads(next((tmp_path / "out").rglob("*.json")).read_text())
        assert len(document["annotations"]) == dataset.count("garments.detections")


def test_into_the_wardrobe_and_back(fo: Any, run: Run, dataset: Any, tmp_path: Path) -> None:
    folder = str(tmp_path / "wardrobe")
    result = run("add_to_wardrobe", dataset, folder=folder)
    assert result["done"] == 4 and dataset.count_sample_tags() == {"wardrobe": 4}
    assert run("add_to_wardrobe", dataset, folder=folder)["done"] == 0
    with Wardrobe.open(folder) as wardrobe:
        garments = {item.id: item for item in wardrobe.find()}
    back = fo.Dataset()
    run("import_wardrobe", back, folder=folder)
    found = {item["garment"]: item for sample in back for item in sample.garments.detections}
    assert len(back) == 4 and found.keys() == garments.keys()
    assert all(found[number]["title"] == item.title for number, item in garments.items())
    mask = found[1].mask
    assert int(mask.sum()) == garments[1].appearances[0].area
    assert run("import_wardrobe", back, folder=folder)["done"] == 0
    back.delete()


@pytest.mark.data
def test_street_photos_with_human_labels(fo: Any, run: Run, data_folder: Path) -> None:
    """CCP's own labels as a field; the shipped model scored against them in `wardrobe`."""
    ccp = open_dataset(data_folder / "ccp", split="val").take(3)
    made = fo.Dataset()
    for sample in ccp:
        label = fo.Segmentation(mask=sample.label_map)
        made.add_sample(fo.Sample(filepath=str(sample.path), truth=label))
    assert ccp.taxonomy is not None
    made.mask_targets["truth"] = {item.index: item.name for item in ccp.taxonomy}
    made.save()
    run("segment_clothing", made)
    result = run(
        "evaluate_clothing_segmentation", made, truth="truth", predictions="clothing", taxonomy="wardrobe"
    )
    assert result["done"] == 3 and not result["left_out"]
    assert all(0.2 < value <= 1 for value in made.values("clothing_garment_miou"))
    made.delete()
