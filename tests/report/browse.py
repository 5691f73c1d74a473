# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Opens evidence reports in a real browser and looks at them as a reader would.

In: the pages and pictures that are named, each as KIND=FILE. Out: screenshots in both themes and a printed PDF beside
each file, and exit code 1 with what is wrong. KIND says what the page must hold: `blocked`, `clean`, `empty`, or
`hostile`. The browser is Chromium with its driver; `.ci/run report` installs both.
"""

import base64
import json
import shutil
import sys
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

SECTIONS = ["verdict", "findings", "models", "obligations", "waivers", "unseen"]
# What each kind of page must say.
SAYS = {
    "blocked": [
        "Blocked", "from-scratch-contradicted", "found, not declared", "layer of the suspect", "several times",
        "This is context, not evidence", "log10 p", "What was not checked", "Null:",
    ],
    "clean": ["Passed", "Nothing is denied", "declared and found", "✓ met", "Nothing is waived"],
    "empty": ["Scanned 0 artifacts"],
    "hostile": ["<script>alert(1)<", "<img src=x onerror=alert(1)>"],
}
# Charts, by kind.
CHARTS = {"blocked": ["svg.lineage", "svg.heat", "svg.sigma"], "clean": ["svg.lineage", "svg.heat", "svg.sigma"]}

BROWSERS = ["chromium", "chromium-browser", "google-chrome"]

faults: list[str] = []


def want(holds, what: str) -> None:
    if not holds:
        faults.append(what)
        print(f"WRONG: {what}")


def browser() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900",
                     "--disable-background-networking", "--no-first-run", "--hide-scrollbars"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)), "")
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def requests(driver) -> list[str]:
    """Addresses that the page asked for, other than itself and data in it."""
    asked = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    return [url for url in asked if not url.startswith(("file://", "data:"))]


def screenshot(driver, path: Path) -> None:
    """The whole page, as high as it is."""
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png", **clip(driver)})
    path.write_bytes(base64.b64decode(shot["data"]))


def clip(driver) -> dict:
    height = min(driver.execute_script("return document.documentElement.scrollHeight"), 12000)
    width = driver.execute_script("return document.documentElement.clientWidth")
    return {"clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}}


def theme(driver, value: str) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": value}]}
    )


def ground(driver) -> str:
    return driver.execute_script("return getComputedStyle(document.body).backgroundColor")


def focused(driver):
    return driver.switch_to.active_element


def keyboard(driver, name: str) -> None:
    """Walks the page with Tab only: skip link first, then the buttons, then every fold; Enter opens and closes."""
    driver.refresh()
    driver.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    body = driver.find_element(By.TAG_NAME, "body")
    folds = driver.find_elements(By.TAG_NAME, "summary")
    seen, toggled = [], 0
    for step in range(len(folds) + 400):
        (body if step == 0 else focused(driver)).send_keys(Keys.TAB)
        at = focused(driver)
        if at.tag_name == "body":
            break
        outline = at.value_of_css_property("outline-style")
        want(outline not in ("none", ""), f"{name}: focus cannot be seen on {at.tag_name} {at.text[:40]!r}")
        seen.append(at.get_attribute("id") or at.get_attribute("class") or at.tag_name)
        if step == 0:
            want("skip" in (at.get_attribute("class") or ""), f"{name}: the first stop is not the skip link")
            want(at.rect["y"] >= 0, f"{name}: the skip link cannot be seen when it has the focus")
        if at.tag_name == "summary":
            # Closing would take away the folds inside, so it is closed and opened again.
            at.send_keys(Keys.ENTER)
            closed = driver.execute_script("return !arguments[0].parentElement.open", at)
            at.send_keys(Keys.ENTER)
            opened = driver.execute_script("return arguments[0].parentElement.open", at)
            want(closed and opened, f"{name}: Enter does not fold {at.text!r}")
            toggled += 1
    want("theme" in seen and "unfold" in seen, f"{name}: the buttons cannot be reached by keyboard: {seen}")
    want(toggled == len(folds), f"{name}: Tab reaches {toggled} of {len(folds)} folds")
    # The skip link leads to the verdict.
    driver.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    driver.find_element(By.CSS_SELECTOR, "a.skip").send_keys(Keys.ENTER)
    want(focused(driver).get_attribute("id") == "verdict", f"{name}: the skip link leads elsewhere")


def buttons(driver, name: str) -> None:
    theme(driver, "light")
    button = driver.find_element(By.ID, "theme")
    light = ground(driver)
    button.send_keys(Keys.ENTER)
    want(ground(driver) != light, f"{name}: the theme button changes nothing")
    want("light" in button.text, f"{name}: the theme button says {button.text!r}")
    button.send_keys(Keys.ENTER)
    want(ground(driver) == light, f"{name}: the theme button does not lead back")
    driver.execute_script("delete document.documentElement.dataset.theme; localStorage.clear()")
    folds = driver.find_elements(By.TAG_NAME, "details")
    driver.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = false })")
    driver.find_element(By.ID, "unfold").send_keys(Keys.ENTER)
    want(all(one.get_attribute("open") for one in folds), f"{name}: the button does not open every fold")


def contrasts(driver, name: str, value: str) -> None:
    """Every text has the contrast that WCAG 2.2 AA wants, 4.5."""
    low = driver.execute_script(
        """
        const parse = (color) => (color.match(/[\\d.]+/g) || []).map(Number);
        const light = (rgb) => {
          const part = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
          return 0.2126 * part(rgb[0]) + 0.7152 * part(rgb[1]) + 0.0722 * part(rgb[2]);
        };
        const behind = (node) => {
          for (let at = node; at; at = at.parentElement) {
            const color = parse(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
          }
          return [255, 255, 255];
        };
        const low = [];
        for (const node of document.querySelectorAll("body *:not(script):not(svg *)")) {
          const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
          if (!own || !node.checkVisibility()) continue;
          const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
          const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          if (ratio < 4.5) low.push(`${node.tagName} ${node.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
        }
        return low;
        """
    )
    want(not low, f"{name}: too little contrast in the {value} theme: {low[:5]}")


def page(driver, kind: str, path: Path) -> None:
    name = path.name
    driver.get_log("performance")
    driver.get_log("browser")
    theme(driver, "light")
    driver.get(path.resolve().as_uri())
    text = driver.find_element(By.TAG_NAME, "body").get_attribute("textContent")
    for said in SAYS[kind]:
        want(said in text, f"{name}: does not say {said!r}")
    for section in SECTIONS:
        found = driver.find_elements(By.CSS_SELECTOR, f"section#{section} h1, section#{section} h2")
        want(found and found[0].is_displayed(), f"{name}: section {section} is not there")
    for chart in CHARTS.get(kind, []):
        want(driver.find_elements(By.CSS_SELECTOR, chart), f"{name}: no {chart}")
    charts = driver.find_elements(By.CSS_SELECTOR, "svg.chart")
    for chart in charts:
        title = driver.execute_script("return arguments[0].querySelector('title').textContent", chart)
        desc = driver.execute_script("return arguments[0].querySelector('desc').textContent", chart)
        want(title and desc, f"{name}: a chart without title or description")
        table = driver.execute_script("return !!arguments[0].closest('figure').nextElementSibling.querySelector('table')", chart)
        want(table, f"{name}: no table beside {title!r}")
    outside = driver.execute_script(
        """
        return [...document.querySelectorAll("svg.chart")].flatMap((svg) => {
          const box = svg.getBoundingClientRect();
          return [...svg.querySelectorAll("text")].filter((text) => {
            const at = text.getBoundingClientRect();
            return at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1 || at.bottom > box.bottom + 1;
          }).map((text) => text.textContent);
        });
        """
    )
    want(not outside, f"{name}: text stands outside its chart: {outside[:5]}")
    ids = driver.execute_script("return [...document.querySelectorAll('[id]')].map((one) => one.id)")
    want(len(ids) == len(set(ids)), f"{name}: an id is there twice")

    colors = {}
    buttons(driver, name)
    for value in ["light", "dark"]:
        theme(driver, value)
        colors[value] = ground(driver)
        contrasts(driver, name, value)
        screenshot(driver, path.with_name(f"{path.stem}-{value}.png"))
    want(colors["light"] != colors["dark"], f"{name}: both themes look the same")
    theme(driver, "light")
    driver.set_window_size(420, 900)
    wide = driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    want(wide <= 0, f"{name}: {wide} pixels too wide for a narrow window")
    thin = driver.execute_script(
        """
        return [...document.querySelectorAll("td")].filter((cell) => cell.checkVisibility()
          && cell.textContent.length > 80 && cell.clientWidth < 140).map((cell) => cell.textContent.slice(0, 30));
        """
    )
    want(not thin, f"{name}: text is squeezed in a narrow window: {thin[:3]}")
    screenshot(driver, path.with_name(f"{path.stem}-narrow.png"))
    driver.set_window_size(1280, 900)
    keyboard(driver, name)

    driver.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = false })")
    theme(driver, "dark")
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": False, "preferCSSPageSize": True})
    path.with_suffix(".pdf").write_bytes(base64.b64decode(printed["data"]))

    for entry in driver.get_log("browser"):
        want(False, f"{name}: the console says {entry['message']}")
    asked = requests(driver)
    want(not asked, f"{name}: asked the network for {asked}")


def picture(driver, path: Path) -> None:
    """The picture, shown by itself and as an image in a page, as a job summary would."""
    driver.get_log("performance")
    for value in ["light", "dark"]:
        theme(driver, value)
        driver.get(path.resolve().as_uri())
        want(driver.find_elements(By.TAG_NAME, "title"), f"{path.name}: is no picture")
        outside = driver.execute_script(
            """
            const box = document.documentElement.getBoundingClientRect();
            return [...document.querySelectorAll("text")].filter((text) => {
              const at = text.getBoundingClientRect();
              return at.right > box.right - 8 || at.bottom > box.bottom;
            }).map((text) => text.textContent);
            """
        )
        want(not outside, f"{path.name}: text stands outside: {outside[:3]}")
        driver.get("about:blank")
        driver.execute_script(
            "document.body.innerHTML = `<img>`; document.querySelector('img').src = arguments[0]",
            "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode(),
        )
        driver.set_script_timeout(20)
        width = driver.execute_async_script(
            "const [done] = [arguments[0]]; const image = document.querySelector('img');"
            "image.decode().then(() => done(image.naturalWidth), () => done(0))"
        )
        want(width == 800, f"{path.name}: is {width} pixels wide as an image")
        screenshot(driver, path.with_name(f"{path.stem}-picture-{value}.png"))
    want(not requests(driver), f"{path.name}: asked the network")


def main() -> int:
    driver = browser()
    try:
        for argument in sys.argv[1:]:
            kind, _, file = argument.partition("=")
            path = Path(file)
            before = len(faults)
            picture(driver, path) if path.suffix == ".svg" else page(driver, kind, path)
            print(f"{path}: {'in order' if len(faults) == before else 'NOT in order'}")
    finally:
        driver.quit()
    return 1 if faults or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
