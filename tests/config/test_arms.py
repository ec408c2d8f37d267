from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vigan.config.arms import RunSpec
from vigan.config.load import load_study

EXAMPLE = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")
ARM, SEED = "bn-regularised", 0

Digest = Callable[..., str]


@pytest.fixture
def spec_of(tmp_path: Path) -> Callable[..., RunSpec]:
    """Run spec of `ARM` in the example after replacements (old, new) in its text, all of which must apply."""

    def load(*replacements: tuple[str, str], seed: int = SEED) -> RunSpec:
        text = EXAMPLE
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "study.yaml"
        path.write_text(text, encoding="utf-8")
        return load_study(path).run_spec(ARM, seed)

    return load


@pytest.mark.parametrize(
    "replacement",
    [
        ("seeds: [0, 1]", "seeds: [0, 1, 2, 3]"),
        ("study: example", "study: other"),
        ('title: "Example study', 'title: "Another study'),
        ('title: "Experiment 1', 'title: "First experiment'),
        ("      - {kind: digit-modes, samples: 1000}\n", ""),
        ("samples: 256", "samples: 512"),
        ("      bn-plain:       {lambda_mean: 0.0}\n", ""),
        ("ring: {source: ring}", "ring: {source: ring, std: 0.5}"),
        ("iterations: 2000", "iterations: 20"),
        ("{lambda_mean: 5.0}", "{lambda_mean: 5}"),
        ("batch_size: 64", "batch_size: 64\n      optimiser: {kind: adam_tf1, lr: 2.0e-4, beta1: 0.5}"),
        ("dim: 16", "dim: 16, latent: 100"),
        ("# The whole path", "# Another remark"),
    ],
    ids=lambda pair: " > ".join(part.strip() for part in pair),
)
def test_what_decides_no_weight_leaves_a_run_s_digest_alone(
    replacement: tuple[str, str], spec_of: Callable[..., RunSpec]
) -> None:
    assert spec_of(replacement).digest == spec_of().digest


@pytest.mark.parametrize(
    "replacement",
    [
        ("dim: 16", "dim: 8"),
        ("dim: 16", "dim: 16, latent: 64"),
        ("batch_norm: true", "batch_norm: false"),
        ("reading: released", "reading: literal"),
        ("reading: released", "reading: proximal\n      updates_per_batch: 2"),
        ("d_batches: 1", "d_batches: 2"),
        ("g_batches: 1", "g_batches: 2"),
        ("batch_size: 64", "batch_size: 32"),
        ("{lambda_mean: 5.0}", "{lambda_mean: 5.1}"),
        ("{lambda_mean: 5.0}", "{lambda_mean: 5.0, stabilisers: {r1: {gamma: 1.0}}}"),
        ("batch_size: 64", "batch_size: 64\n      optimiser: {kind: adam}"),
        ("batch_size: 64", "batch_size: 64\n      optimiser: {kind: adam_tf1, lr: 1.0e-3}"),
        ("batch_size: 64", "batch_size: 64\n      optimiser: {kind: adam_tf1, beta1: 0.9}"),
        ("batch_size: 64", "batch_size: 64\n      optimiser: {kind: adam_tf1, beta2: 0.99}"),
        ("batch_size: 64", "batch_size: 64\n      optimiser: {kind: adam_tf1, eps: 1.0e-7}"),
        ("iterations: 300", "iterations: 301"),
        ("digits: {source: digits, side: 32}", "digits: {source: celeba, side: 32}"),
    ],
    ids=lambda pair: " > ".join(part.strip() for part in pair),
)
def test_what_decides_a_weight_changes_a_run_s_digest(
    replacement: tuple[str, str], spec_of: Callable[..., RunSpec]
) -> None:
    fits_faces = ("      - {kind: digit-modes, samples: 1000}\n", "")
    both = (fits_faces, fits_faces) if "celeba" in replacement[1] else ()
    assert spec_of(replacement, *both).digest != spec_of().digest


def test_every_seed_has_a_digest_of_its_own(spec_of: Callable[..., RunSpec]) -> None:
    more = ("seeds: [0, 1]", "seeds: [0, 1, 2, 3, 4]")
    assert len({spec_of(more, seed=seed).digest for seed in range(5)}) == 5


def test_a_digest_survives_json(spec_of: Callable[..., RunSpec]) -> None:
    spec = spec_of()
    again = RunSpec.model_validate(json.loads(json.dumps(spec.model_dump(mode="json"))))
    assert again == spec
    assert again.digest == spec.digest


def test_telemetry_is_never_spaced_wider_than_the_run(spec_of: Callable[..., RunSpec]) -> None:
    assert spec_of(("log_every: 10", "log_every: 1000")).log_every == 300
