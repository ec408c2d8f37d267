"""Descriptions of protocols and metrics, with their sources."""

from __future__ import annotations

from collections.abc import Iterable

from vigan.config.experiment import Protocol
from vigan.protocols.features import COMPARED, COMPARED_WITH_OTHERS
from vigan.protocols.registry import METRICS
from vigan.report.cells import Cell, Table
from vigan.report.page import Facts, Note

ITSELF = "G itself, also of arms that keep an average of its weights (ema) and are sampled from that elsewhere."
"""What a protocol with a `sampler` measures."""


def protocol_notes(protocols: Iterable[Protocol]) -> list[Note]:
    """A description of each distinct protocol."""
    return [Note(protocol.name, _facts(protocol)) for protocol in dict.fromkeys(protocols)]


def _facts(protocol: Protocol) -> Facts:
    n = f"{protocol.samples:,}" if protocol.samples else "an unknown number of"
    notes = [(term, _with_number(words, n, protocol)) for term, words in protocol.definition.notes]
    notes += [("Reals", _reals(protocol))] if protocol.reference else []
    return [*notes, ("Sampler", ITSELF)] if protocol.sampler else notes


def _with_number(words: str, n: str, protocol: Protocol) -> str:
    """A note with the number of samples; of the reference another note speaks where it is not as many."""
    if protocol.reference:
        words = words.replace(COMPARED, COMPARED_WITH_OTHERS)
    return words.replace("{n}", n)


def _reals(protocol: Protocol) -> str:
    """How many reals there are in the reference, where they are not as many as samples."""
    n = f"{protocol.samples:,}"
    if protocol.reference == "all":
        many, others = "all of the training data", f"{n} of these against all others"
    else:
        many = f"{protocol.reference:,}"
        others = f"{n} others against the same {many}, less as many as must be left out of these for want of others"
    return f"The reference is {many}, not as many as there are fakes. The value of real data is that of {others}."


def metric_table(metrics: Iterable[str]) -> Table:
    """Title, name in rules and files, definition, direction and source of each metric."""
    better = {"lower": "lower is better", "higher": "higher is better", "none": "neither"}
    rows = [
        [Cell(metric.title, name), Cell(metric.definition), Cell(better[metric.better]), Cell(metric.source)]
        for name, metric in ((name, METRICS[name]) for name in metrics)
    ]
    return Table(
        "The metrics in this study's tables.", ["metric", "definition", "better", "source (arXiv)"], rows, wrapped=True
    )
