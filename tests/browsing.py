"""A real browser: Debian's Chromium, without a window, driven through its own protocol."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import axe_core_python
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from spool_rig import until

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
AXE = Path(axe_core_python.__file__).with_name("axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Browser:
    """One browser; a test opens pages in it, and asks of them what a reader sees."""

    def __init__(self) -> None:
        """Start it, with a profile of its own."""
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS.split(), f"--user-data-dir={self._profile.name}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self.driver.set_script_timeout(60)

    def __enter__(self) -> Self:
        """Hand it out."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End it."""
        self.driver.quit()
        self._profile.cleanup()

    def look(self, *, width: int = 1280, theme: str = "light", motion: str = "no-preference") -> None:
        """Be a screen so wide, of a reader who wants it so."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        wishes = {"prefers-color-scheme": theme, "prefers-reduced-motion": motion}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def carry(self, **headers: str) -> None:
        """Send headers with every request, as a browser does that has signed in."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": named})

    def open(self, url: str) -> None:
        """Open a page, and wait until it shows what it has been told."""
        self.driver.get(url)
        self.until("return document.readyState === 'complete' && !document.body.innerText.includes('Asking…')")

    def run(self, script: str, *values: Any) -> Any:
        """Run a script in the page, and return what it returns."""
        return self.driver.execute_script(script, *values)

    def until(self, script: str, *values: Any, seconds: float = 30) -> Any:
        """Wait until a script returns what is true, and return that."""
        return until(lambda: self.run(script, *values), seconds)

    def reads(self, words: str, within: str = "main", seconds: float = 30) -> None:
        """Wait until a part of the page shows these words."""
        script = "return document.querySelector(arguments[0])?.innerText.includes(arguments[1])"
        try:
            self.until(script, within, words, seconds=seconds)
        except AssertionError:
            raise AssertionError(f"{words!r} is not in {self.text(within)!r}") from None

    def text(self, selector: str) -> str:
        """Return what a part of the page shows."""
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def count(self, selector: str) -> int:
        """Return how many there are."""
        return int(self.run("return document.querySelectorAll(arguments[0]).length", selector))

    def click(self, selector: str) -> None:
        """Click on the first that is shown."""
        shown = "return [...document.querySelectorAll(arguments[0])].find((node) => node.checkVisibility())"
        element = self.until(shown, selector)
        self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        element.click()

    def focus(self, selector: str) -> None:
        """Move the focus there."""
        self.run("document.querySelector(arguments[0]).focus()", selector)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self) -> dict[str, Any]:
        """Return what has the focus: its tag, id, text, whether it can be seen, and whether one sees that it has it."""
        found: dict[str, Any] = self.run("""
            const node = document.activeElement, box = node.getBoundingClientRect(), style = getComputedStyle(node);
            return {tag: node.localName, id: node.id, text: (node.innerText ?? '').trim(), action: node.dataset.action,
                    seen: box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight,
                    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};""")
        return found

    def stumbles(self) -> Sequence[str]:
        """Return what axe-core finds wrong with the page as it is now: the rule, and where."""
        self.run(AXE)
        script = "const done = arguments[1]; axe.run({runOnly: arguments[0]}).then(done, (why) => done(String(why)))"
        found = self.driver.execute_async_script(script, RULES)
        return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]

    def complaints(self) -> Sequence[str]:
        """Return what the browser has complained about since the last call: scripts, policies, what was not found."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] != "INFO"]


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser, and end it."""
    for program in (CHROMIUM, DRIVER):
        assert os.access(program, os.X_OK), f"{program} is not there: apt-get install chromium chromium-driver"
    with Browser() as started:
        yield started


TAB, ENTER, ESCAPE = Keys.TAB, Keys.ENTER, Keys.ESCAPE
