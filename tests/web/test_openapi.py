"""Every operation of the OpenAPI document, with values that Schemathesis makes up: none ends in a server error."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

schemathesis = pytest.importorskip(
    "schemathesis", reason="schemathesis is not installed: uv sync --group test"
)

from tests.web.conftest import Served, fill, serving  # noqa: E402

EXAMPLES = int(os.environ.get("EWARDROBE_API_EXAMPLES", "12"))  # requests for each operation


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_home: Path, model: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("openapi") / "home"
    shutil.copytree(empty_home, home)
    fill(home)
    with serving(home, model) as found:
        yield found


def test_no_operation_fails(server: Served) -> None:
    document = schemathesis.openapi.from_url(f"{server.api}/openapi.json")
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        def ask(case: Any) -> None:
            answer = case.call()
            assert answer.status_code < 500 or answer.status_code in (503, 507), answer.text
            if answer.status_code >= 400 and "json" in answer.headers.get("content-type", ""):
                assert isinstance(answer.json()["detail"], str)

        ask()


def test_requests_are_counted_by_route(server: Served) -> None:
    made = server.client.post("/api/v1/garments", json={"type": "cape"}).json()["id"]
    server.client.get(f"/api/v1/garments/{made}")
    server.client.get("/api/v1/garments/99999")
    server.client.get("/no/such/page")
    answer = server.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    numbers = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    one = 'ewardrobe_http_requests_total{method="GET",route="/api/v1/garments/{garment_id}",status="%s"}'
    assert float(numbers[one % 200]) >= 1 and float(numbers[one % 404]) >= 1
    assert any('route="none",status="404"' in name for name in numbers)
    assert float(numbers["ewardrobe_photos_waiting"]) == 0
    assert "garments/99999" not in answer.text
    assert httpx.get(f"{server.url}/metrics", headers={"Host": "evil.example"}).status_code == 400
