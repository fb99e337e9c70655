"""Operators scheduled, and run by FiftyOne's own service, as `fiftyone delegated launch` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.fiftyone.conftest import URI


def run_delegated(dataset: Any, name: str, **params: Any) -> Any:
    """Schedule an operator, see that nothing is done yet, run the queue, and give the operation as it is then."""
    import fiftyone.operators as foo
    from fiftyone.operators.delegated import DelegatedOperationService

    result = foo.execute_operator(URI + name, dataset=dataset, params=params, request_delegation=True)
    assert result.delegated
    service = DelegatedOperationService()
    (queued,) = service.get_queued_operations(dataset_name=dataset.name)
    service.execute_queued_operations(dataset_name=dataset.name)
    dataset.reload()
    return service.get(queued.id)


def test_all_operators_run_delegated(fo: Any, dataset: Any, tmp_path: Path) -> None:
    dataset.persistent = True
    folder = str(tmp_path / "wardrobe")
    for name, params in (
        ("segment_clothing", {}),
        ("change_outfit", {"prompt": "make the top red", "folder": str(tmp_path / "new")}),
        ("compute_garment_embeddings", {}),
        ("evaluate_clothing_segmentation", {"truth": "clothing", "predictions": "garments"}),
        ("export_clothing_dataset", {"field": "garments", "folder": str(tmp_path / "out"), "format": "yolo"}),
        ("add_to_wardrobe", {"folder": folder}),
        ("import_wardrobe", {"folder": folder}),
    ):
        done = run_delegated(dataset, name, **params)
        assert done.run_state == "completed", done.result and done.result.error
    assert dataset.count("clothing") == 4 and len(dataset.match_tags("restyled")) > 0
    assert (tmp_path / "out").is_dir() and dataset.count_sample_tags()["wardrobe"] > 0


def test_a_delegated_run_that_fails_says_why(fo: Any, dataset: Any) -> None:
    dataset.persistent = True
    failed = run_delegated(dataset, "segment_clothing", model="nowhere.onnx")
    assert failed.run_state == "failed"
    assert "ModelError" in failed.result.error.strip().splitlines()[-1]
