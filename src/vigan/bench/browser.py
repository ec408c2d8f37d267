"""A headless Chromium without network access, to check pages as readers see them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vigan.errors import UserError

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-dev-shm-usage", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip
BINARIES = ("chromium", "chromium-browser", "google-chrome")
OWN_SCHEMES = ("file:", "data:", "blob:")
HOW_TO_GET = "apt-get install chromium chromium-driver, and pip install selenium"


def missing() -> str:
    """What is not installed here, with how to get it; "" if everything is."""
    from importlib.util import find_spec

    there = {"chromium": _binary(), "chromedriver": shutil.which("chromedriver"), "selenium": find_spec("selenium")}
    absent = [name for name, found in there.items() if not found]
    return f"{' and '.join(absent)} not found: {HOW_TO_GET}" if absent else ""


def _binary() -> str:
    return next(filter(None, map(shutil.which, BINARIES)), "")


@contextmanager
def browser(width: int = 1280, height: int = 900) -> Iterator[Chrome]:
    """An offline browser of that size, which logs its console and its requests.

    Raises UserError, saying how to get it, if Chromium, its driver or selenium is not installed.
    """
    if why := missing():
        raise UserError(why)
    os.environ["SE_OFFLINE"] = "true"  # keeps selenium from downloading a driver
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = _binary()
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    try:
        resize(driver, width, height)
        offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
        yield driver
    finally:
        driver.quit()


def resize(driver: Chrome, width: int, height: int) -> None:
    """Set the viewport's size; one below 500 pixels emulates a phone."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def show(driver: Chrome, page: Path) -> None:
    """Open a file."""
    driver.get(page.resolve().as_uri())


def emulate(driver: Chrome, scheme: str = "light", media: str = "") -> None:
    """Prefer a colour scheme, or pretend to print ("print")."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [feature]})


def complaints(driver: Chrome) -> list[str]:
    """Console messages, and every request for a URL outside the page."""
    said = [entry["message"] for entry in driver.get_log("browser")]
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return said + [f"asked for {url}" for url in asked if not url.startswith(OWN_SCHEMES)]
