"""The app as an installed one: what Chromium asks of it, and what is left of it when the server is not running."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import Served, serving
from tests.web.test_pages import CHROMIUM

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
expect = sync_api.expect
KEPT = (
    "caches.keys().then(names => Promise.all(names.map(name => caches.open(name).then(kept => kept.keys()))))"
)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    """A page of a browser with a profile: without one nothing can be installed."""
    with sync_api.sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield context.pages[0]
        context.close()


def kept_addresses(page: Any) -> list[str]:
    return list(page.evaluate(f"{KEPT}.then(all => all.flat().map(kept => new URL(kept.url).pathname))"))


def wait_until(page: Any, condition: str) -> None:
    """Until a JavaScript expression is true; `wait_for_function` would have the page evaluate it: forbidden."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never came true: {condition}")


def wait_for_worker(page: Any) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    wait_until(page, "navigator.serviceWorker.controller?.state === 'activated'")


def test_chromium_would_install_it(page: Any, served: Served) -> None:
    page.goto(served.url)
    wait_for_worker(page)
    session = page.context.new_cdp_session(page)
    session.send("Page.enable")
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    document = json.loads(manifest["data"])
    assert (document["start_url"], document["display"]) == ("/", "standalone")
    assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    for icon in document["icons"]:
        answer = served.client.get(icon["src"])
        assert answer.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            side = int.from_bytes(answer.content[16:20], "big")
            assert f"{side}x{side}" == icon["sizes"]


def test_without_the_server_it_says_so(page: Any, home: Path, model: Path) -> None:
    with serving(home, model) as served:
        url = served.url
        page.goto(url)
        wait_for_worker(page)
        page.goto(f"{url}/garments/1")
        expect(page.get_by_role("heading", level=1)).to_have_text("navy shirt")
    page.goto(f"{url}/garments/1")
    expect(page.get_by_role("heading", level=1)).to_have_text("eWardrobe is not running")
    assert page.evaluate("getComputedStyle(document.querySelector('.button')).borderRadius") == "999px"
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("eWardrobe is not running")
    assert page.url == f"{url}/garments/1"


def test_nothing_of_the_wardrobe_is_kept(page: Any, served: Served) -> None:
    for path in ("/", "/garments/1", "/statistics", "/api", "/add"):
        page.goto(served.url + path)
        wait_for_worker(page)
    page.evaluate("fetch('/api/v1/garments/1')")
    addresses = kept_addresses(page)
    assert "/offline" in addresses
    assert "/static/app.css" in addresses
    assert [path for path in addresses if not path.startswith("/static/")] == ["/offline", "/colours.css"]
    assert served.token not in served.client.get("/offline").text


def test_a_new_version_takes_the_place_of_the_old(page: Any, served: Served) -> None:
    page.goto(served.url)
    wait_for_worker(page)
    page.evaluate("caches.open('shell-before').then(kept => kept.add('/static/app.css'))")
    current = re.findall(r'"version": "(shell-\w+)"', served.client.get("/service-worker.js").text)
    page.evaluate("navigator.serviceWorker.getRegistration().then(found => found.unregister())")
    page.goto(f"{served.url}/statistics")
    wait_for_worker(page)
    wait_until(page, "caches.keys().then(names => names.length === 1)")
    assert page.evaluate("caches.keys()") == current
