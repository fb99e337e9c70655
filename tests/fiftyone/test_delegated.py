"""Operators scheduled, and run by FiftyOne's own service, as `fiftyone delegated launch` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.fiftyone.conftest import URI


def schedule(dataset: Any, name: str, **params: Any) -> None:
    import fiftyone.operators as foo

    result = foo.execute_operator(URI + name, dataset=dataset, params=params, request_delegation=True)
    assert result.delegated


def run_queued(dataset: Any) -> list[Any]:
    from fiftyone.operators.delegated import DelegatedOperationService

    service = DelegatedOperationService()
    service.execute_queued_operations(dataset_name=dataset.name)
    return service.list_operations(dataset_name=dataset.name)


def test_all_operators_run_delegated(fo: Any, dataset: Any, tmp_path: Path) -> None:
    dataset.persistent = True
    folder = str(tmp_path / "wardrobe")
    schedule(dataset, "segment_clothing")
    schedule(dataset, "change_outfit", prompt="make the top red", folder=str(tmp_path / "new"))
    schedule(dataset, "compute_garment_embeddings")
    schedule(dataset, "evaluate_clothing_segmentation", truth="clothing", predictions="garments")
    schedule(
        dataset, "export_clothing_dataset", field="garments", folder=str(tmp_path / "out"), format="yolo"
    )
    schedule(dataset, "add_to_wardrobe", folder=folder)
    schedule(dataset, "import_wardrobe", folder=folder)
    assert dataset.get_field("clothing") is None
    done = run_queued(dataset)
    states = {
        item.operator.rpartition("/")[2]: (item.run_state, item.result and item.result.error) for item in done
    }
    assert all(state == "completed" for state, _ in states.values()), states
    assert len(states) == 7
    assert dataset.count("clothing") >= 4 and len(dataset.match_tags("restyled")) > 0
    assert (tmp_path / "out").is_dir() and dataset.count_sample_tags()["wardrobe"] > 0


def test_a_delegated_run_that_fails_says_why(fo: Any, dataset: Any) -> None:
    dataset.persistent = True
    schedule(dataset, "segment_clothing", model="nowhere.onnx")
    (failed,) = run_queued(dataset)
    assert failed.run_state == "failed"
    assert "ModelError" in failed.result.error.strip().splitlines()[-1]
