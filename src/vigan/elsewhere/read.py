"""The numbers of an arm, by the format that its files have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vigan.config.elsewhere import ElsewhereArm, Numbers, StudioGan, StyleGan, Table
from vigan.elsewhere import studiogan, stylegan, table
from vigan.elsewhere.files import files_of, place_of
from vigan.elsewhere.numbers import Number
from vigan.protocols.registry import METRICS

COMMON = {
    "fid": "fid", "kid": "kid", "is": "inception_score", "precision": "reported_precision",
    "recall": "reported_recall", "density": "reported_density", "coverage": "reported_coverage",
}  # fmt: skip
"""Names that tables use, and ours; those of ours mean themselves."""


def read(arm: ElsewhereArm) -> Iterator[Number]:
    """The numbers of an arm whose numbers were measured elsewhere. Raises RecordError naming what is wrong."""
    place, files = place_of(arm), files_of(arm)
    match arm.origin:
        case Table():
            return table.read(place, arm.origin)
        case StyleGan():
            return stylegan.read(place, files, arm.origin)
        case StudioGan():
            return studiogan.read(place, files, arm.origin)
        case _:
            raise TypeError(f"{arm.origin.format} has no numbers of its own")


def names_of(origin: Numbers) -> Mapping[str, str]:
    """Their names of metrics, and ours: those that the study states, or else all that are known."""
    if origin.metrics:
        return origin.metrics
    match origin:
        case Table():
            return COMMON | {name: name for name in METRICS if name not in COMMON and not METRICS[name].check}
        case StyleGan():
            return stylegan.NAMES
        case StudioGan():
            return studiogan.NAMES
