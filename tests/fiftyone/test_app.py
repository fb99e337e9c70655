"""The plugin as a person uses it: FiftyOne's App in a real Chromium.

`EWARDROBE_SCREENSHOT=shot.png` writes the picture that the docs show (there cut to its upper part).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fiftyone.conftest import free_port

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
CHROMIUM = (
    os.environ.get("EWARDROBE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]
SLOW = 180_000  # milliseconds; FiftyOne takes its time, more so on a busy machine
SAMPLE, FORM = '[data-cy="looker"]', '[data-cy="operators-prompt-modal"]'


@pytest.fixture(scope="module")
def app(settings: dict[str, str], fo: Any) -> Iterator[str]:
    """The address of FiftyOne's server, in a process of its own."""
    port = free_port()
    program = Path(fo.__file__).parent / "server" / "main.py"
    arguments = ["--address", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(
        [sys.executable, str(program), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(SLOW // 200):
        assert server.poll() is None, "FiftyOne's server did not start"
        try:
            httpx.get(address, timeout=5)
            break
        except httpx.TransportError:
            time.sleep(0.2)
    yield address
    server.terminate()
    server.wait()


@pytest.fixture
def page(app: str, dataset: Any) -> Iterator[Any]:
    """The open dataset; nothing outside this machine is asked for."""
    with sync_api.sync_playwright() as playwright:
        options = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        tab.set_default_timeout(SLOW)
        tab.route(lambda url: not url.startswith(app), lambda route: route.abort())
        advertisement = tab.get_by_role("button", name="Dismiss")
        tab.add_locator_handler(advertisement, lambda found: found.click())
        dataset.persistent = True
        tab.goto(f"{app}/datasets/{dataset.name}")
        tab.locator(SAMPLE).nth(3).wait_for()
        tab.wait_for_timeout(2000)
        yield tab
        browser.close()


def select(page: Any, number: int) -> None:
    sample = page.locator(SAMPLE).nth(number)
    sample.hover()
    page.wait_for_timeout(800)
    box = sample.bounding_box()
    page.mouse.click(box["x"] + 22, box["y"] + 19)
    page.wait_for_timeout(800)


def open_form(page: Any, label: str) -> Any:
    page.locator('[data-cy="action-browse-operations"]').click()
    page.get_by_placeholder("Search operations by name...").fill(label)
    page.get_by_text(label, exact=True).last.click()
    form = page.locator(FORM)
    form.locator("input").first.wait_for()
    return form


def test_a_prompt_typed_into_the_form_gives_new_samples(page: Any, dataset: Any) -> None:
    for number in (0, 1):
        select(page, number)
    form = open_form(page, "Change outfit")
    sync_api.expect(form.get_by_text("2 selected")).to_be_visible()
    form.locator("input[type=string]").first.fill("make the top dark green")
    sync_api.expect(form.get_by_text("Understood: top → dark green")).to_be_visible(timeout=SLOW)
    form.get_by_role("button", name="Change", exact=True).click()
    sync_api.expect(page.get_by_text("2 new pictures (top → dark green)").first).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name=re.compile("Done|Close")).first.click()
    sync_api.expect(page.locator(SAMPLE)).to_have_count(
        4, timeout=SLOW
    )  # both photos and what became of them
    sync_api.expect(page.get_by_text("4 samples")).to_be_visible()
    dataset.reload()
    made = dataset.match_tags("restyled")
    assert len(made) == 2
    assert set(made.values("restyle_source")) == set(dataset.limit(2).values("id"))
    shot = os.environ.get("EWARDROBE_SCREENSHOT")
    if shot:
        page.wait_for_timeout(3000)
        page.screenshot(path=shot)
