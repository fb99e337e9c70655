"""The HTTP API, called as a program calls it, on a real server and a real wardrobe."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from ewardrobe.wardrobe import Wardrobe
from tests.web.conftest import Served


def ids(served: Served, **params: object) -> list[int]:
    answer = served.client.get("/api/v1/garments", params=params)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return [garment["id"] for garment in answer.json()["garments"]]


def test_garments_are_listed_searched_filtered_sorted_and_paged(served: Served) -> None:
    assert ids(served) == [5, 4, 3, 2, 1]
    assert ids(served, text="unique wool") == [5]
    assert ids(served, label="pants") == [4, 2]
    assert ids(served, colour="camel") == [5]
    assert ids(served, status="laundry") == [4]
    assert ids(served, sort="-price") == [5, 2, 4, 3, 1]
    assert ids(served, sort="added", limit=2) == [1, 2]
    assert ids(served, sort="added", limit=2, offset=4) == [5]
    assert ids(served, offset=99) == []
    assert served.client.get("/api/v1/garments", params={"limit": 1}).json()["total"] == 5


def test_facets_count_what_a_choice_would_leave(served: Served) -> None:
    facets = served.client.get("/api/v1/garments", params={"type": "coat"}).json()["facets"]
    # Of its own field, what another choice would give; of the others, what is left.
    assert facets["type"] == {"shirt": 4, "coat": 1}
    assert facets["colour"] == {"tan": 1}
    assert facets["status"] == {"active": 1}
    everything = served.client.get("/api/v1/garments").json()["facets"]
    assert everything["status"] == {"active": 4, "laundry": 1}
    assert everything["season"] == {"summer": 3, "winter": 1}
    for field, counts in everything.items():
        for value, count in counts.items():
            assert len(ids(served, **{field: value})) == count, (field, value)


def test_a_garment_says_who_set_what(served: Served) -> None:
    answer = served.client.get("/api/v1/garments/2")
    garment = answer.json()
    assert answer.headers["etag"] == f'"{garment["version"]}"'
    assert garment["provenance"]["season"]["source"] == "owner"
    assert garment["provenance"]["type"] == {"source": "model", "confidence": 0.81, "runner_up": "blouse"}
    assert (garment["price"], garment["cost_per_wear"], garment["wear_count"]) == ("30.00", "30.00", 1)
    assert garment["colours"][0] == {"name": "navy", "share": 0.7, "hex": "#1c2446"}


def test_of_two_editors_the_second_is_told(served: Served) -> None:
    version = served.client.get("/api/v1/garments/1").headers["etag"]
    first = served.client.patch("/api/v1/garments/1", json={"name": "Blue"}, headers={"If-Match": version})
    assert first.status_code == 200
    assert first.headers["etag"] != version
    for method in ("PATCH", "DELETE"):
        body = {"json": {"name": "Red"}} if method == "PATCH" else {}
        second = served.client.request(method, "/api/v1/garments/1", headers={"If-Match": version}, **body)  # type: ignore[arg-type]
        assert second.status_code == 412
        assert "changed meanwhile" in second.json()["detail"]
    assert served.client.get("/api/v1/garments/1").json()["name"] == "Blue"
    later = served.client.patch(
        "/api/v1/garments/1", json={"size": "M"}, headers={"If-Match": first.headers["etag"]}
    )
    assert (later.status_code, later.json()["size"]) == (200, "M")


def test_edit_remove_and_undo(served: Served) -> None:
    edited = served.client.patch(
        "/api/v1/garments/5", json={"price": 99.5, "tags": ["wool"], "favourite": True}
    )
    assert (edited.json()["price"], edited.json()["tags"], edited.json()["favourite"]) == (
        "99.50",
        ["wool"],
        True,
    )
    assert served.client.delete("/api/v1/garments/5").status_code == 204
    assert ids(served) == [4, 3, 2, 1]
    assert served.client.get("/api/v1/garments/5").json()["removed_at"]
    assert served.client.delete("/api/v1/garments/5").status_code == 404
    assert served.client.get("/api/v1/history").json()[0]["verb"] == "remove"
    assert served.client.post("/api/v1/undo").json()["undone"]["verb"] == "remove"
    assert served.client.post("/api/v1/undo").json()["undone"]["verb"] == "edit"
    assert served.client.get("/api/v1/garments/5").json()["price"] == "120.50"
    served.client.delete("/api/v1/garments/5", params={"purge": True})
    assert served.client.get("/api/v1/garments/5").status_code == 404
    made = served.client.post("/api/v1/garments", json={"type": "hat"})
    assert made.status_code == 201
    assert served.client.get(made.headers["location"]).json()["type"] == "hat"


def test_two_that_are_one_are_merged(served: Served) -> None:
    merged = served.client.post("/api/v1/garments/1/merge", json={"other": 3})
    assert [item["photo_id"] for item in merged.json()["appearances"]] == [1, 2]
    assert ids(served) == [5, 4, 2, 1]
    assert served.client.post("/api/v1/garments/1/merge", json={"other": 1}).status_code == 422
    assert served.client.post("/api/v1/garments/1/merge", json={"other": 3}).status_code == 404
    served.client.post("/api/v1/undo")
    assert ids(served) == [5, 4, 3, 2, 1]


def test_worn_twice_on_a_day_is_worn_once(served: Served) -> None:
    for _ in range(2):
        answer = served.client.post("/api/v1/garments/1/wears", json={"on": "2026-05-01"})
        assert answer.json()["worn_on"] == "2026-05-01"
    assert served.client.get("/api/v1/garments/1").json()["wear_count"] == 1
    assert served.client.post("/api/v1/garments/99/wears", json={}).status_code == 404


def test_pictures_are_sent_once(served: Served) -> None:
    garment = served.client.get("/api/v1/garments/1").json()
    for kind, form in (("cutout", "PNG"), ("mask", "PNG"), ("thumbnail", "WEBP")):
        address = garment["appearances"][0][kind]
        answer = served.client.get(address)
        assert Image.open(io.BytesIO(answer.content)).format == form
        assert "immutable" in answer.headers["cache-control"]
        assert served.client.get(address.partition("?")[0]).headers["cache-control"] == "private, no-cache"
        again = served.client.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert served.client.get("/api/v1/garments/2/appearances/1/cutout").status_code == 404


def test_a_preview_tells_nothing_of_the_place(served: Served) -> None:
    original = served.client.get("/api/v1/photos/1/original")
    assert b"SecretCam" in original.content
    assert original.headers["content-disposition"].startswith("attachment")
    preview = served.client.get("/api/v1/photos/1/preview")
    assert b"Secret" not in preview.content
    assert dict(Image.open(io.BytesIO(preview.content)).getexif()) == {}
    headers = {"If-None-Match": preview.headers["etag"]}
    assert served.client.get("/api/v1/photos/1/preview", headers=headers).status_code == 304


def test_statistics_are_those_of_the_library(served: Served) -> None:
    with Wardrobe.open(served.home) as wardrobe:
        numbers = wardrobe.stats()
    told = served.client.get("/api/v1/statistics").json()
    assert told["garments"] == numbers.garments == 5
    assert told["by_type"] == numbers.by_type
    assert told["cost_per_wear"] == {"2": "30.00"}
    assert told["spending_by_year"] == {"": {"EUR": "120.50"}, "2025": {"EUR": "30.00"}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "line"),
    [
        ("GET", "/garments/99", None, 404, "there is no garment 99"),
        ("GET", f"/garments/{2**70}", None, 422, "garment_id"),
        ("GET", "/garments/0", None, 422, "garment_id"),
        ("GET", "/garments/1/appearances/99/cutout", None, 404, "no appearance 99"),
        ("GET", "/garments/5/similar", None, 422, "has no photo to compare"),
        ("GET", "/photos/99/preview", None, 404, "there is no photo 99"),
        ("GET", "/uploads/99", None, 404, "there is no upload 99"),
        ("GET", "/garments?colour=blurple", None, 422, "there is no colour"),
        ("GET", "/garments?status=eaten", None, 422, "there is no status"),
        ("GET", "/garments?sort=smell", None, 422, "sort"),
        ("GET", "/garments?limit=100000", None, 422, "limit"),
        ("GET", "/garments?text=" + "x" * 300, None, 422, "text"),
        ("GET", "/garments?text=%00%ff", None, 200, ""),
        ("GET", "/nothing", None, 404, "Not Found"),
        ("PUT", "/garments/1", None, 405, "Method"),
        ("PATCH", "/garments/1", '{"price": "cheap"}', 422, "price must be an amount"),
        ("PATCH", "/garments/1", '{"smell": 1}', 422, "smell"),
        ("PATCH", "/garments/1", '{"status": "\\ud800"}', 422, "status must be one of"),
        ("PATCH", "/garments/1", '{"name": "\\ud800"}', 422, "must be text"),
        ("PATCH", "/garments/1", "[]", 422, ""),
        ("PATCH", "/garments/1", "{", 422, ""),
        ("PATCH", "/garments/1", " " * 1_100_000, 413, "more than 1 MiB"),
    ],
)
def test_bad_requests_get_one_line(
    served: Served, method: str, path: str, body: str | None, status: int, line: str
) -> None:
    headers = {"Content-Type": "application/json"} if body else {}
    answer = served.client.request(method, f"/api/v1{path}", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    if status != 200:
        detail = answer.json()["detail"]
        assert line in detail
        assert "\n" not in detail
    assert str(served.home) not in answer.text


def test_a_damaged_wardrobe_tells_nothing_of_its_place(served: Served) -> None:
    (served.home / "wardrobe.db").write_bytes(b"no database " * 1000)
    for path in ("/api/v1/garments", "/api/v1/statistics", "/", "/api/v1/health"):
        answer = served.client.get(path)
        assert answer.status_code == 500, path
        assert str(served.home) not in answer.text
        assert "wardrobe.db" not in answer.text


def test_the_document_describes_every_route(served: Served) -> None:
    document = served.client.get("/api/v1/openapi.json").json()
    assert {"/api/v1/garments", "/api/v1/photos", "/api/v1/segment", "/api/v1/cutout"} <= set(
        document["paths"]
    )
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
    assert json.dumps(document).count(str(served.home)) == 0
