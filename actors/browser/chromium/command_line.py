"""The command line of Chromium: the program found on this host, its flags, and its user agent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.browser.chromium.addresses import Addresses, proxies_of
from actors.browser.options import BrowserOptions, BrowserUnavailable
from actors.clients.registry.config import Proxy

_SMALL_SHM = 2**30
"""Free bytes in /dev/shm below which Chromium uses files elsewhere; a page may crash for want of it."""

_QUIET = (
    # No port: whoever can connect to one has the login, and all files of the user that Chromium runs as.
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-quic",
    "--disable-translate",
    "--disable-client-side-phishing-detection",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-extensions",
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    # A page's writes to localStorage reach the disk within a second or two. By default that takes 5 s, and a minute for
    # each further time: a login on a page that had shown codes for a while would be lost to a kill long after.
    "--enable-aggressive-domstorage-flushing",
    # A page without a viewer must run like a visible page.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-hang-monitor",
)
_LEAN = (
    # The fewest processes that keep browser and page apart.
    "--in-process-gpu",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
    "--enable-features=NetworkServiceInProcess2",
)
_NOT_WANTED = (
    "StorageServiceOutOfProcess",
    "AudioServiceOutOfProcess",
    "SpareRendererForSitePerProcess",
    "site-per-process",
    "IsolateOrigins",
    "Translate",
    "MediaRouter",
    "DialMediaRouteProvider",
    "OptimizationHints",
    "InterestFeedContentSuggestions",
)
"""Features that would cost a process, or contact servers other than WhatsApp's."""


def user_agent(version: str) -> str:
    """Return the user agent of a Chromium with a window: it has only the major version."""
    major = version.split(".", 1)[0]
    return f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"


def identity(version: str) -> dict[str, Any]:
    """Return the same for the page's client hints, which contain Headless even if the user agent does not.

    CDP's words.
    """
    major = version.split(".", 1)[0]
    brands = [("Not:A-Brand", "8", "8.0.0.0"), ("Chromium", major, version)]
    return {
        "userAgent": user_agent(version),
        "userAgentMetadata": {
            "brands": [{"brand": brand, "version": short} for brand, short, _ in brands],
            "fullVersionList": [{"brand": brand, "version": full} for brand, _, full in brands],
            "platform": "Linux",
            "platformVersion": "",
            "architecture": "x86",
            "bitness": "64",
            "model": "",
            "mobile": False,
        },
    }


def command(build: Build, profile: Path, options: BrowserOptions, proxy: Proxy | None = None) -> list[str]:
    """Return the command line for one page on one profile.

    With a client's own proxy everything goes through it. With the environment's, addresses of this host do not.
    """
    named = os.environ if options.proxy_from_environment else {}
    proxies = [proxy.server] if proxy is not None else proxies_of(named, options.chromium_args)
    no_sandbox = options.no_sandbox if options.no_sandbox is not None else os.geteuid() == 0
    return [
        str(build.path),
        *([] if build.headless_shell else ["--headless=new"]),
        *_QUIET,
        *_LEAN,
        f"--disable-features={','.join(_NOT_WANTED)}",
        *(["--no-sandbox"] if no_sandbox else []),
        # Sandboxed renderers are forked from a zygote. Without the sandbox it is one more process, worthwhile only if
        # it is big enough for its pages to be shared: in the build with a window.
        *(["--no-zygote"] if no_sandbox and build.headless_shell else []),
        *(["--disable-dev-shm-usage"] if _shm_free() < _SMALL_SHM else []),
        f"--user-agent={options.user_agent or user_agent(build.version)}",
        f"--user-data-dir={profile}",
        *Addresses.of(options.whatsapp_url, options.hosts).flags(proxies),
        *_proxy_flags(options, proxy),
        *options.chromium_args,
        "about:blank",
    ]


def _proxy_flags(options: BrowserOptions, proxy: Proxy | None) -> list[str]:
    """Return the flags that say through which proxy the page goes: by itself Chromium takes that of the environment.

    `--no-proxy-server` overrides every other flag about proxies:
    https://chromium.googlesource.com/chromium/src/+/HEAD/net/docs/proxy.md.
    """
    if proxy is not None:
        return [f"--proxy-server={proxy.server}", "--proxy-bypass-list=<-loopback>"]
    said = any(flag.startswith("--proxy-") for flag in options.chromium_args)
    return [] if said or options.proxy_from_environment else ["--no-proxy-server"]


def _shm_free() -> int:
    try:
        return shutil.disk_usage("/dev/shm").free
    except OSError:
        return 0


def speaking_on_stdin(command: list[str]) -> list[str]:
    """Return a command with its input, a socket, as descriptors 3 and 4: Chromium's debugging pipe.

    Python's subprocess can hand over any descriptor, but only under its own number.
    """
    return ["/bin/sh", "-c", 'exec "$@" 3<&0 4>&0 </dev/null', "sh", *command]


def dying_with_us(command: list[str]) -> list[str]:
    """Return a command that the kernel kills when the thread that starts it ends, if setpriv is installed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else command


NAMES = ("chromium-headless-shell", "chromium")
"""The programs to look for, the smallest first."""
_LIBRARY = Path("/usr/lib/chromium")
"""Debian's wrappers in /usr/bin call the binary in here. Some do not exec: their pid would not be Chromium's."""


@dataclass(frozen=True, slots=True)
class Build:
    """A Chromium on this host. `version` is like `156.0.8078.79`."""

    path: Path
    version: str

    @property
    def headless_shell(self) -> bool:
        """True for the lean build that has no window at all."""
        return "headless" in self.path.name


def find_build(wanted: Path | None) -> Build:
    """Return the Chromium to run, asking it for its version. Blocks for a moment. Raises BrowserUnavailable."""
    path = _named(wanted) if wanted is not None else _first()
    return Build(path, _version(path))


def _named(wanted: Path) -> Path:
    found = shutil.which(wanted)
    if found is None:
        raise BrowserUnavailable(f"There is no program {wanted}: set SM_CHROMIUM to the path of a Chromium.")
    return _behind_wrapper(Path(found))


def _first() -> Path:
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return _behind_wrapper(Path(found))
    raise BrowserUnavailable(
        "No Chromium was found: install chromium-headless-shell or chromium (on Debian: apt-get install "
        "chromium-headless-shell), or set SM_CHROMIUM to the path of one."
    )


def _behind_wrapper(path: Path) -> Path:
    """Return the binary that Debian's script of the same name calls; other scripts must exec."""
    binary = _LIBRARY / path.name
    # The size first: a binary has hundreds of megabytes.
    is_debians = (
        path.stat().st_size < 2**16 and path.resolve().parent == Path("/usr/bin") and path.read_bytes()[:2] == b"#!"
    )
    return binary if is_debians and os.access(binary, os.X_OK) else path


def _version(path: Path) -> str:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20.0, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrowserUnavailable(
            f"{path} does not run ({error}): set SM_CHROMIUM to the path of a Chromium."
        ) from error
    match = re.search(r"\d+(\.\d+){3}", said)
    if match is None:
        raise BrowserUnavailable(f"{path} does not say its version: set SM_CHROMIUM to the path of a Chromium.")
    return match.group()
