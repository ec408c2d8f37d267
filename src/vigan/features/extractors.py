"""Every extractor by its name. A network's library is imported only where the network is made."""

from __future__ import annotations

from collections.abc import Callable

from vigan.config.base import ConfigError, nearest
from vigan.features.base import Extractor


def _efflite(device: str) -> Extractor:
    from vigan.features.efflite import EffLite0

    return EffLite0(device)


def _inception(device: str) -> Extractor:
    from vigan.features.inception import InceptionClean

    return InceptionClean(device)


EXTRACTORS: dict[str, Callable[[str], Extractor]] = {"efflite0-128": _efflite, "inception-clean": _inception}
"""What makes the extractor of each name on a device."""


def make_extractor(name: str, device: str) -> Extractor:
    """The extractor called `name`, on a torch device.

    Raises ConfigError if there is none of that name, RecordError if its weights are missing or not the known ones.
    """
    if name not in EXTRACTORS:
        raise ConfigError(f"no extractor '{name}'{nearest(name, list(EXTRACTORS))}")
    return EXTRACTORS[name](device)
