"""Who is answered: our own pages and plain programs, under our own names, and nobody else."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import httpx
import pytest

from ewardrobe.errors import ModelError, NewerStoreError, PhotoError, StoreError
from ewardrobe.wardrobe.database import storage_error
from ewardrobe.web.errors import public_line, status_of
from ewardrobe.web.security import host_name
from tests.web.conftest import Served

PAGES = ("/", "/?colour=navy&text=x", "/garments/1", "/garments/5", "/add", "/statistics", "/api", "/nothing")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "192.168.0.7:8000", "[::2]", "["]
)
def test_foreign_names_are_refused(served: Served, host: str) -> None:
    for path in ("/", "/api/v1/garments", "/static/app.css"):
        assert served.client.get(path, headers={"host": host}).status_code == 400


def test_own_names_are_known() -> None:
    assert [host_name(host) for host in ("localhost:1", "127.0.0.1", "[::1]:8000", "LOCALHOST")] == [
        "localhost",
        "127.0.0.1",
        "::1",
        "localhost",
    ]


def undo(served: Served, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return served.client.post("/api/v1/undo", headers=named).status_code


def test_only_our_own_pages_change_something(served: Served) -> None:
    before = served.client.get("/api/v1/history").json()
    own = served.url
    assert undo(served, origin="https://evil.example") == 403
    assert undo(served, origin="https://evil.example", x_csrf_token=served.token) == 403
    assert undo(served, origin="null", x_csrf_token=served.token) == 403
    assert undo(served, origin=own.replace("http:", "https:"), x_csrf_token=served.token) == 403
    assert undo(served, sec_fetch_site="cross-site", x_csrf_token=served.token) == 403
    # Another port of this machine is another site's page, too.
    assert undo(served, sec_fetch_site="same-site", x_csrf_token=served.token) == 403
    assert undo(served, origin=own) == 403
    assert undo(served, origin=own, x_csrf_token="guess") == 403
    assert undo(served, sec_fetch_site="same-origin", x_csrf_token="") == 403
    assert served.client.get("/api/v1/history").json() == before
    assert undo(served, origin=own, sec_fetch_site="same-origin", x_csrf_token=served.token) == 200
    assert undo(served) == 200


def test_pictures_cannot_be_embedded_elsewhere(served: Served) -> None:
    address = served.client.get("/api/v1/garments/1").json()["cutout"]
    embedded = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert served.client.get(address, headers=embedded).status_code == 403
    framed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
    assert served.client.get("/", headers=framed).status_code == 403
    followed = {**framed, "sec-fetch-dest": "document"}
    assert served.client.get("/", headers=followed).status_code == 200
    assert served.client.get(address).headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_to_their_policy(served: Served, path: str) -> None:
    answer = served.client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<style|<script(?![^>]*src=)|\sstyle=|\son\w+=|javascript:", answer.text)
    for address in re.findall(r'(?:src|href|action)="([^"]*)"', answer.text):
        assert address.startswith(("/", "#")), address
        assert not address.startswith("//"), address


def test_html_in_every_text_is_text(served: Served) -> None:
    bad = "<img src=x onerror=alert(1)>\"'"
    fields = dict.fromkeys(("name", "type", "pattern", "material", "style", "season", "occasion"), bad[:60])
    fields |= {"brand": bad, "size": bad, "notes": f"</textarea>{bad}", "status_reason": bad}
    changed = served.client.patch("/api/v1/garments/1", json={**fields, "tags": [bad]})
    assert changed.status_code == 200, changed.text
    for path in ("/", "/garments/1", "/statistics", "/garments/2"):
        page = served.client.get(path).text
        assert "<img src=x" not in page
        assert "</textarea><img" not in page
    assert "&lt;img src=x" in served.client.get("/garments/1").text
    assert "<img src=x" not in served.client.get("/", params={"text": bad, "type": bad}).text


def test_what_errors_become() -> None:
    full = storage_error(OSError(errno.ENOSPC, "No space left on device"), Path("/secret"))
    assert status_of(full) == 507
    assert public_line(full) == "the disk is full: nothing was stored; free some space and try again"
    assert status_of(OSError(errno.ENOSPC, "x")) == 507
    assert status_of(StoreError("/secret is in use by another process; try again")) == 503
    for error in (
        StoreError("/secret"),
        NewerStoreError("/secret"),
        ModelError("/secret"),
        OSError(2, "x", "/secret"),
    ):
        assert status_of(error) == 500
        assert "secret" not in public_line(error)
    assert (status_of(PhotoError("cut off")), public_line(PhotoError("cut\noff"))) == (415, "cut off")


def test_a_second_server_cannot_have_the_same_wardrobe(served: Served) -> None:
    from ewardrobe.web import create_app

    with pytest.raises(StoreError, match="served by another process"):
        create_app(served.home)
    assert httpx.get(f"{served.api}/health").json()["status"] == "ok"
