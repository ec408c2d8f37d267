"""After an upgrade of a library what it has a part in is measured again, and nothing else."""

from __future__ import annotations

import pytest

from vigan import provenance
from vigan.config.experiment import Protocol
from vigan.evaluation.code import protocol_versions
from vigan.evaluation.origin import reference_identity
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


@pytest.mark.parametrize(
    ("library", "again"),
    [
        ("scikit-learn", {"clip-l14-336", "digit-modes", "dinov2-l14-224", "stacked-modes"}),
        ("timm", {"clip-l14-336", "dinov2-l14-224"}),
        ("torch", {"clip-l14-336", "dinov2-l14-224"}),
        ("snakemake", set[str]()),
    ],
)
def test_what_was_measured_before_an_upgrade_is_not_taken_for_what_is_measured_after_it(
    library: str, again: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digits of some seeds could be told by a classifier that one scikit-learn had fitted, of others by another's."""

    def identities() -> dict[str, str]:
        protocols = [Protocol(kind=kind.name, samples=max(1000, kind.least)) for kind in MEASURED]
        known = {"data_sha256": "d", "code_sha256": "c"}
        return {
            p.kind: reference_identity({**known, "protocol": p.name, "versions": protocol_versions(p)})
            for p in protocols
            if p.definition.libraries
        }

    before, version = identities(), provenance._version
    monkeypatch.setattr(provenance, "_version", lambda name: "another" if name == library else version(name))
    after = identities()
    assert {kind for kind in before if before[kind] != after[kind]} == again
