"""Imports of plug-ins, watched: each ends in time and leaves torch's settings as they are, which hold for all arms."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from vigan import plugins
from vigan.plugins import PluginError

LONGEST = 120.0
"""Seconds that an import may take: that of torch takes some, on a slow network drive a minute."""
SETTINGS = {"default dtype": "torch.float32", "gradients": "True"}
"""Torch's settings as they are when it is imported."""


@contextmanager
def watched(what: str) -> Iterator[None]:
    """Raise PluginError if what is imported within changes a setting of torch, TimeoutError if it takes too long."""
    before = _settings()
    with _in_time():
        yield
    if unlike := [name for name, value in _settings().items() if value != before[name]]:
        _restore(before)
        raise PluginError(f"{what}: its import changes torch's {unlike[0]}, for all arms; leave it as it is")


def load_watched(modules: Iterable[str]) -> None:
    """Import those of some modules that are plug-ins. Raises PluginError in one line that names the file or module."""
    for module in modules:
        package, _, name = module.partition(".")
        if package != "vigan":
            file = plugins.files().get(name) if package == plugins.PACKAGE else None
            with watched(f"plug-in {file.path if file else module}"):
                plugins.load(module)


def _settings() -> dict[str, str]:
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return SETTINGS
    return dict(zip(SETTINGS, (str(torch.get_default_dtype()), str(torch.is_grad_enabled())), strict=True))


def _restore(settings: dict[str, str]) -> None:
    torch: Any = sys.modules["torch"]
    torch.set_default_dtype(getattr(torch, settings["default dtype"].removeprefix("torch.")))
    torch.set_grad_enabled(settings["gradients"] == "True")


@contextmanager
def _in_time() -> Iterator[None]:
    """Raise TimeoutError within, where it is, once it takes longer than it should; in a main thread alone."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError(f"its import took more than {LONGEST:.0f} s; leave to functions what takes long")

    begun, before = time.monotonic(), signal.signal(signal.SIGALRM, stop)
    left, again = signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
        rest = max(left - (time.monotonic() - begun), 1e-3) if left else 0
        signal.setitimer(signal.ITIMER_REAL, rest, again)  # that of somebody else goes on
