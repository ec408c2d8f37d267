"""After an upgrade of a library what it has a part in is measured again, and nothing else."""

from __future__ import annotations

import pytest

from vigan import provenance
from vigan.config.experiment import Protocol
from vigan.protocols.registry import KINDS
from vigan.stages.settle import reference_params

MEASURED = [kind for kind in KINDS.values() if kind.measured]


@pytest.mark.parametrize(
    ("library", "again"),
    [
        ("timm", {"clip-l14-336", "dinov2-l14-224"}),
        ("torch", {kind.name for kind in MEASURED}),
        ("snakemake", set[str]()),
    ],
)
def test_an_upgrade_makes_stale_what_the_library_has_a_part_in(
    library: str, again: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    protocols = [Protocol(kind=kind.name, samples=max(1000, kind.least)) for kind in MEASURED]
    before = {protocol.kind: reference_params(protocol) for protocol in protocols}
    version = provenance._version
    monkeypatch.setattr(provenance, "_version", lambda name: "another" if name == library else version(name))
    assert {protocol.kind for protocol in protocols if reference_params(protocol) != before[protocol.kind]} == again
