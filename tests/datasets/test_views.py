"""Datasets over datasets, splits and surveys: nothing lost on the way, nothing torn apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe import taxonomy
from ewardrobe.datasets import open_dataset, split_units, take_units
from ewardrobe.datasets.survey import Survey, examine
from ewardrobe.datasets.views import Merged, Remapped, Resplit, read_map
from ewardrobe.errors import DatasetError, TaxonomyError
from ewardrobe.jobs.surveying import survey_dataset
from tests.datasets import layouts
from tests.datasets.layouts import SQUARE, filled

SHARES = {"train": 0.6, "val": 0.4}
LABELS = {str(n): ["common", "rare"] if n % 20 == 0 else ["common"] for n in range(400)}


class TestRemapped:
    def test_label_maps_and_objects_agree(self, tmp_path: Path) -> None:
        source = open_dataset(layouts.imaterialist(tmp_path))
        view = Remapped(source, taxonomy.load_map("imaterialist", "wardrobe"))
        sample = view[0]
        _, label_map = sample.read()
        top = taxonomy.load("wardrobe").index("top")
        # The sleeve gives way to the shirt below it; what has no label is unknown in `wardrobe`.
        assert np.array_equal(label_map, np.where(filled((10, 10, 30, 30)), top, 255))
        assert [item.label for item in sample.instances or ()] == ["top"]
        assert view.taxonomy == taxonomy.load("wardrobe") and sample.taxonomy == "wardrobe"

    def test_pixels(self, ccp: Path) -> None:
        source = open_dataset(ccp)
        into = taxonomy.load_map("people-clothing", "parts")
        for before, after in zip(source, Remapped(source, into), strict=True):
            assert np.array_equal(into.apply(before.read()[1]), after.read()[1])

    def test_the_map_must_fit(self, ccp: Path) -> None:
        with pytest.raises(DatasetError, match="the map is from deepfashion2"):
            Remapped(open_dataset(ccp), taxonomy.load_map("deepfashion2", "wardrobe"))

    def test_a_map_of_ones_own(self, tmp_path: Path) -> None:
        source = open_dataset(layouts.coco(tmp_path / "in", [layouts.coco_annotation(1, [SQUARE])]))
        assert source.taxonomy is not None
        file = layouts.write_json(tmp_path / "map.json", {"shirt": "top", "shoe": None})
        view = Remapped(source, read_map(file, source.taxonomy, "wardrobe"))
        assert [item.label for item in view[0].instances or ()] == ["top"]
        for content, kind, said in (
            ({"shirt": "top"}, DatasetError, "says nothing of 'shoe'"),
            ({"shirt": "top", "shoe": None, "hat": "hat"}, DatasetError, "does not have"),
            ({"shirt": "spacesuit", "shoe": None}, TaxonomyError, "spacesuit"),
            (["shirt"], DatasetError, "no JSON object"),
        ):
            layouts.write_json(file, content)
            with pytest.raises(kind, match=said):
                read_map(file, source.taxonomy, "wardrobe")


class TestMerged:
    def test_ids_and_groups_stay_apart(self, tmp_path: Path) -> None:
        parts = [open_dataset(layouts.deepfashion2(tmp_path / name, train=2, validation=1)) for name in "ab"]
        merged = Merged(parts)
        assert len(merged) == 6 and merged.ids[0] == "a/train/000001"
        assert merged[0].read_group() == "a/1" and merged[3].read_group() == "b/1"
        assert len(merged[5].instances or ()) == 2

    def test_what_does_not_go_together(self, tmp_path: Path, ccp: Path, flat_lay: Path) -> None:
        with pytest.raises(DatasetError, match="bring them to one"):
            Merged([open_dataset(ccp), open_dataset(flat_lay)])
        worn = Remapped(open_dataset(ccp), taxonomy.load_map("people-clothing", "wardrobe"))
        flat = Remapped(open_dataset(flat_lay), taxonomy.load_map("flat-lay", "wardrobe"))
        with pytest.raises(DatasetError, match="keep them apart"):
            Merged([worn, flat])


class TestResplit:
    def test_lists(self, ccp: Path) -> None:
        view = Resplit(open_dataset(ccp), {"a": ["0001", "0004"], "b": ["0002", "9999"]})
        assert {sample.id: sample.split for sample in view} == {"0001": "a", "0002": "b", "0004": "a"}
        assert {item.id: item.reason for item in view.broken} == {
            "9999": "listed, but not in the dataset",
            "0003": "on the list of no split",
        }

    def test_lists_that_overlap(self, ccp: Path) -> None:
        with pytest.raises(DatasetError, match="0001 is on the list of a and on that of b"):
            Resplit(open_dataset(ccp), {"a": ["0001"], "b": ["0001"]})


class TestSplitUnits:
    @given(st.integers(0, 200), st.booleans())
    def test_groups_stay_whole(self, seed: int, stratify: bool) -> None:
        groups = {name: str(int(name) // 4) if int(name) % 3 else None for name in LABELS}
        lists = split_units(LABELS, SHARES, groups=groups, stratify=stratify, seed=seed)
        side = {name: split for split, names in lists.items() for name in names}
        assert list(side) and len(side) == 400
        for group in set(groups.values()) - {None}:
            assert len({side[name] for name in groups if groups[name] == group}) == 1

    def test_a_rare_class_gets_its_share(self) -> None:
        for seed in range(10):
            lists = split_units(LABELS, SHARES, groups={}, stratify=True, seed=seed)
            rare = sum("rare" in LABELS[name] for name in lists["val"])
            assert rare == 8 and len(lists["val"]) == 160

    @given(st.integers(0, 200), st.floats(0.01, 0.5))
    def test_no_split_is_overfull_by_more_than_a_group(self, seed: int, share: float) -> None:
        groups = {name: str(int(name) // 3) for name in LABELS}
        shares = {"train": 1 - share, "val": share}
        lists = split_units(LABELS, shares, groups=groups, stratify=True, seed=seed)
        for split, names in lists.items():
            assert abs(len(names) - shares[split] * len(LABELS)) < 3

    def test_a_part_takes_whole_groups_and_is_in_the_larger_part(self) -> None:
        groups = {name: str(int(name) // 5) if int(name) % 2 else None for name in LABELS}
        before: set[str] = set()
        for count in (1, 17, 40, 133, 400):
            taken = take_units(groups, count, seed=4)
            assert count <= len(taken) < count + 5 and before <= set(taken)
            assert taken == [name for name in LABELS if name in set(taken)]
            whole = {groups[name] for name in taken} - {None}
            assert all(name in taken for name in LABELS if groups[name] in whole)
            before = set(taken)

    def test_shares(self) -> None:
        for shares in ({}, {"a": 0.5}, {"a": 1.5, "b": -0.5}):
            with pytest.raises(DatasetError):
                split_units(LABELS, shares, groups={})


class TestSurvey:
    def test_counts(self, tmp_path: Path) -> None:
        dataset = open_dataset(layouts.deepfashion2(tmp_path))
        survey = Survey(dataset)
        survey_dataset(dataset, survey.add)
        found = survey.to_dict()
        assert (found["photos"], found["splits"]) == (6, {"train": 4, "validation": 2})
        assert found["sizes"]["median"] == [80, 60]
        assert (found["groups"], found["largest_group"], found["keypoint_slots"]) == (2, 4, 294)
        counts = {row["class"]: (row["photos"], row["objects"]) for row in found["classes"]}
        assert counts["trousers"] == (6, 6) and counts["skirt"] == (0, 0)
        json.dumps(found)

    def test_pixels_where_there_are_no_objects(self, ccp: Path) -> None:
        dataset = open_dataset(ccp)
        finding = examine(dataset[0], dataset.taxonomy)
        assert sum(finding.labels.values()) == 120 * 160
        assert finding.faults == ()

    def test_decoding_finds_what_headers_hide(self, ccp: Path) -> None:
        photo = ccp / "photos/0001.jpg"
        photo.write_bytes(photo.read_bytes()[:700])
        for decode, broken in ((False, 0), (True, 1)):
            survey = Survey(open_dataset(ccp))
            survey_dataset(open_dataset(ccp), survey.add, decode=decode)
            assert len(survey.broken) == broken
