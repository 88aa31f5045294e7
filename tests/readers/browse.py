"""Opens pages in a headless Chromium and says what is to be seen.

browse.py CHROMIUM PAGE.html [FOLDER]: over the browser's own pipe, so that nothing listens. Prints one JSON object:
{"title", "text": what is rendered, "headings": [..], "requests": [every url but the page's own], "console": [messages],
 "links": [those that go nowhere], "unnamed": [drawings and tables that a screen reader could not name],
 "overflow": {"light-1280": pixels that stick out, ..}, "contrast": {"light": lowest ratio, "dark": ..}, "pdf_pages"}.
With FOLDER it leaves light-1280.png, dark-1280.png and light-400.png there.
"""

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

chromium, page = sys.argv[1], Path(sys.argv[2]).resolve()
folder = Path(sys.argv[3]) if len(sys.argv) > 3 else None

LOOK = """(() => {
  const seen = [...document.querySelectorAll('body *')];
  const named = (of) => of.getAttribute('aria-label') || of.getAttribute('aria-labelledby') || of.querySelector('caption,title');
  const hidden = (of) => of.closest('[aria-hidden=true]');
  return {
    title: document.title, text: document.body.innerText,
    headings: seen.filter(of => /^H[1-6]$/.test(of.tagName)).map(of => of.tagName + ' ' + of.innerText.trim()),
    links: [...document.querySelectorAll('a')].map(of => of.getAttribute('href'))
      .filter(to => !to.startsWith('#') || !document.getElementById(to.slice(1))),
    unnamed: seen.filter(of => (of.tagName === 'svg' || of.tagName === 'TABLE') && !hidden(of) && !named(of)).map(of => of.outerHTML.slice(0, 80)),
  };
})()"""

# The lowest contrast of a text with what is behind it (WCAG 2.2, 1.4.3).
CONTRAST = """(() => {
  const rgb = (color) => { const n = color.match(/[\\d.]+/g).map(Number); return n.length > 3 && n[3] === 0 ? null : n.slice(0, 3); };
  const lum = (c) => { const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (of) => { for (; of; of = of.parentElement) { const c = rgb(getComputedStyle(of).backgroundColor); if (c) return c; } return [255, 255, 255]; };
  let lowest = 99;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const of = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !of.checkVisibility() || of.closest('.skip')) continue;
    const [a, b] = [lum(rgb(getComputedStyle(of).color)), lum(behind(of))].sort((x, y) => y - x);
    lowest = Math.min(lowest, (a + .05) / (b + .05));
  }
  return lowest;
})()"""


class Browser:
    def __init__(self, profile):
        to_browser, ours = os.pipe()
        theirs, from_browser = os.pipe()
        # The browser reads commands from 3 and answers on 4.
        os.dup2(to_browser, 3) if to_browser != 3 else None
        os.set_inheritable(3, True)
        os.dup2(from_browser, 4) if from_browser != 4 else None
        os.set_inheritable(4, True)
        self.process = subprocess.Popen(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--no-first-run", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
             "--remote-debugging-pipe", f"--user-data-dir={profile}"],
            pass_fds=(3, 4), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.to, self.of = os.fdopen(ours, "wb", buffering=0), os.fdopen(theirs, "rb", buffering=0)
        self.number, self.session, self.events, self.rest = 0, None, [], b""

    def read(self):
        while b"\0" not in self.rest:
            more = self.of.read(1 << 16)
            if not more:
                raise SystemExit("the browser went away")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.to.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.read())

    def value(self, expression):
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")


# 3 and 4 must be nobody else's before the pipes are made.
spare = [os.open(os.devnull, os.O_RDONLY) for _ in range(8)]
with tempfile.TemporaryDirectory() as profile:
    browser = Browser(profile)
    try:
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.ask(f"{domain}.enable")
        browser.ask("Page.navigate", url=page.as_uri())
        browser.wait("Page.loadEventFired")
        seen = browser.value(LOOK)
        # A link to a file that lies there leads somewhere.
        seen["links"] = [to for to in seen["links"] if not (page.parent / to).is_file()]
        seen["overflow"], seen["contrast"] = {}, {}
        for width, theme in ((1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")):
            browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
            browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
            name = f"{theme}-{width}"
            seen["overflow"][name] = browser.value("document.documentElement.scrollWidth - innerWidth")
            browser.value("document.querySelectorAll('details').forEach(of => of.open = true)")
            seen["contrast"][name] = round(browser.value(CONTRAST), 2)
            if folder:
                shot = browser.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
                (folder / f"{name}.png").write_bytes(base64.b64decode(shot))
        browser.value("document.querySelectorAll('details').forEach(of => of.open = false)")
        pdf = base64.b64decode(browser.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
        if folder:
            (folder / "print.pdf").write_bytes(pdf)
        seen["pdf_pages"] = len(re.findall(rb"/Type\s*/Page\b", pdf))
        urls = [event["params"]["request"]["url"] for event in browser.events if event.get("method") == "Network.requestWillBeSent"]
        seen["requests"] = [url for url in urls if url != page.as_uri()]
        said = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        seen["console"] = [event["params"] for event in browser.events if event.get("method") in said]
        browser.session = None
        browser.ask("Browser.close")
        browser.process.wait(10)
    finally:
        browser.process.kill()
        browser.process.wait()
print(json.dumps(seen))
