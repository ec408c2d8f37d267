"""Feature extractors by name. A network's library is imported only when the network is built."""

from __future__ import annotations

import pkgutil

from vigan.config.base import ConfigError, nearest
from vigan.features.base import Extractor
from vigan.features.weights import Archive, at_hand
from vigan.protocols.registry import KINDS


def extractors() -> dict[str, str]:
    """What makes the extractor of each name, "module:class", as the kind of protocol of that name declares it."""
    return {name: kind.extractor for name, kind in KINDS.items() if kind.extractor and name == kind.network}


def make_extractor(name: str, device: str) -> Extractor:
    """The extractor called `name`, on a torch device.

    Raises ConfigError if there is none of that name, RecordError if its weights are missing or not the known ones.
    """
    known = extractors()
    if name not in known:
        raise ConfigError(f"no extractor '{name}'{nearest(name, list(known))}")
    return pkgutil.resolve_name(known[name])(device)


def missing_weights(name: str) -> Archive | None:
    """The file that the extractor called `name` would have to fetch, if it is not here."""
    published = pkgutil.resolve_name(extractors()[name]).published
    return None if published is None or at_hand(published) else published
