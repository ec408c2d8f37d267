from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from vigan.config.arms import Arm, RunSpec
from vigan.config.datasets import ImageFolder
from vigan.io.files import sha256_file
from vigan.models.build import Networks
from vigan.training.checkpoint import load_newest, network_tensors
from vigan.training.run import Outcome, Run
from vigan.training.snapshots import load_snapshot, sample, to_uint8
from vigan.training.telemetry import COLUMNS

Maker = Callable[..., RunSpec]
Start = Callable[[RunSpec, Path], Run]
Same = Callable[[dict[str, Tensor], dict[str, Tensor]], bool]


class Stop(BaseException):
    """Stands for a kill between two iterations."""


def stop_at(iteration: int) -> Callable[..., None]:
    def observe(done: int, row: object, networks: Networks) -> None:
        if done == iteration:
            raise Stop

    return observe


def snapshots(folder: Path) -> dict[str, str]:
    """SHA-256 of every snapshot by file name."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted((folder / "snapshots").iterdir())
    }


def killed_and_resumed(begin: Start, spec: RunSpec, folder: Path, at: tuple[int, ...]) -> tuple[Outcome, Run]:
    """Outcome of a run that saves after every iteration and is killed at each of `at`."""
    for iteration in at:
        with pytest.raises(Stop):
            begin(spec, folder).train((stop_at(iteration),), save_every=0.0)
    last = begin(spec, folder)
    assert last.iteration == at[-1] - 1
    return last.train(save_every=0.0), last


@pytest.mark.parametrize("network", ["bn", "nobn", "mlp"])
@pytest.mark.parametrize(
    "fields",
    [
        {"lambda_mean": 0.0},
        {"lambda_mean": 5.0},
        {"lambda_mean": 5.0, "batches": 3},
        {"lambda_mean": 5.0, "optimiser": {"kind": "adam"}, "stabilisers": {"r1": {"gamma": 0.1}}},
        {"lambda_mean": 5.0, "d_optimiser": {"lr": 1e-3, "beta1": 0.0}},
    ],
    ids=["plain", "regularised", "three batches", "rival", "two time scales"],
)
def test_a_run_killed_and_resumed_is_the_run_that_went_straight_on(
    network: str, fields: dict[str, Any], spec: Maker, start: Start, identical: Same, tmp_path: Path
) -> None:
    made = spec(network, **fields)
    whole = start(made, tmp_path / "straight")
    straight = whole.train()
    resumed, last = killed_and_resumed(start, made, tmp_path / "resumed", (2, 4, 6))
    assert resumed.weights_hash == straight.weights_hash
    assert identical(network_tensors(last.networks), network_tensors(whole.networks))
    np.testing.assert_array_equal(resumed.telemetry, straight.telemetry)
    assert snapshots(tmp_path / "resumed") == snapshots(tmp_path / "straight")
    assert (resumed.status, resumed.iterations) == (straight.status, straight.iterations) == ("completed", 7)


def test_a_run_whose_newest_checkpoint_is_damaged_goes_on_from_the_one_before(
    spec: Maker, start: Start, tmp_path: Path
) -> None:
    made = spec("bn")
    straight = start(made, tmp_path / "straight").train()
    with pytest.raises(Stop):
        start(made, tmp_path / "cut").train((stop_at(6),), save_every=0.0)
    newest = max((tmp_path / "cut").glob("*.safetensors"))
    newest.write_bytes(newest.read_bytes()[:-1])
    resumed = start(made, tmp_path / "cut")
    assert resumed.iteration == 4
    assert len(resumed.refused) == 1
    assert newest.name in resumed.refused[0]
    assert resumed.train().weights_hash == straight.weights_hash


def test_the_same_spec_trains_the_same_bits_and_another_seed_does_not(
    spec: Maker, start: Start, tmp_path: Path
) -> None:
    hashes = [start(spec("mlp", seed=seed), tmp_path / str(i)).train().weights_hash for i, seed in enumerate((0, 0, 1))]
    assert hashes[0] == hashes[1] != hashes[2]


def test_training_neither_asks_nor_moves_a_global_generator(spec: Maker, start: Start, tmp_path: Path) -> None:
    torch.manual_seed(1)
    run = start(spec("bn"), tmp_path / "a")
    before = (torch.get_rng_state(), np.random.get_state()[1].copy())  # type: ignore[index]
    first = run.train().weights_hash
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # type: ignore[index]
    torch.manual_seed(99)
    assert start(spec("bn"), tmp_path / "b").train().weights_hash == first


def test_telemetry_has_a_row_each_few_iterations_and_at_the_end(spec: Maker, start: Start, tmp_path: Path) -> None:
    outcome = start(spec("mlp", iterations=7, log_every=3), tmp_path).train()
    assert outcome.telemetry.shape == (3, len(COLUMNS))
    assert outcome.telemetry[:, 0].tolist() == [3, 6, 7]
    assert np.isfinite(outcome.telemetry).all()


@pytest.mark.parametrize("fields", [{}, {"batches": 3}, {"reading": "proximal", "updates_per_batch": 3}], ids=str)
def test_telemetry_means_what_its_columns_say(
    fields: dict[str, Any], spec: Maker, start: Start, tmp_path: Path
) -> None:
    outcome = start(spec("mlp", iterations=3, log_every=1, **fields), tmp_path).train()
    rows = {name: outcome.telemetry[:, index] for index, name in enumerate(COLUMNS)}
    assert ((rows["d_accuracy"] >= 0) & (rows["d_accuracy"] <= 1)).all()
    assert (rows["drift"] > 0).all()
    assert (rows["penalty"] > 0).all()
    assert (rows["gradient_ratio"] > 0).all()
    np.testing.assert_allclose(rows["penalty"], 5 * rows["drift"], rtol=1e-6)


def test_the_drift_of_a_plain_arm_is_measured_too(spec: Maker, start: Start, tmp_path: Path) -> None:
    outcome = start(spec("mlp", iterations=2, log_every=1, lambda_mean=0.0), tmp_path).train()
    rows = dict(zip(COLUMNS, outcome.telemetry.T, strict=True))
    assert (rows["drift"] > 0).all()
    assert rows["penalty"].tolist() == rows["gradient_ratio"].tolist() == [0, 0]


def test_how_often_a_run_is_logged_changes_no_weight(spec: Maker, start: Start, tmp_path: Path) -> None:
    for network in ("bn", "mlp"):
        hashes = {
            start(spec(network, log_every=n, batches=2), tmp_path / f"{network}{n}").train().weights_hash
            for n in (1, 3, 7)
        }
        assert len(hashes) == 1


def test_snapshots_are_the_generator_after_the_iterations_in_their_name(
    spec: Maker, start: Start, identical: Same, tmp_path: Path
) -> None:
    run = start(spec("bn"), tmp_path)
    seen: dict[int, dict[str, Tensor]] = {0: _copy(run.networks.generator)}
    run.train((lambda done, row, networks: seen.update({done: _copy(networks.generator)}),))
    assert sorted(path.name for path in (tmp_path / "snapshots").iterdir()) == sorted(run.snapshots)
    assert run.snapshots == {path.name: sha256_file(path) for path in (tmp_path / "snapshots").iterdir()}
    for step in (0, 3, 7):
        kept = safetensors.torch.load_file(tmp_path / "snapshots" / f"{step:09d}.safetensors")
        assert identical(dict(sorted(kept.items())), dict(sorted(seen[step].items())))


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def test_a_loaded_snapshot_gives_its_images_in_inference_mode(spec: Maker, start: Start, tmp_path: Path) -> None:
    run, other = start(spec("bn"), tmp_path / "a"), start(spec("bn", seed=5), tmp_path / "b")
    run.train()
    z = torch.randn(9, 3, generator=torch.Generator().manual_seed(0))
    expected = sample(run.networks.generator, z)
    assert run.networks.generator.training
    load_snapshot(tmp_path / "a" / "snapshots", 7, other.networks)
    assert not other.networks.generator.training
    assert torch.equal(sample(other.networks.generator, z), expected)
    torch.testing.assert_close(sample(other.networks.generator, z, batch=2), expected)


def test_images_in_bytes_are_the_inverse_of_what_d_is_shown() -> None:
    levels = torch.arange(256)
    assert torch.equal(to_uint8(levels / 127.5 - 1), levels.to(torch.uint8))
    assert to_uint8(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]


@pytest.mark.parametrize("network", ["nobn", "mlp"])
def test_a_run_that_blows_up_ends_as_diverged(network: str, spec: Maker, start: Start, tmp_path: Path) -> None:
    made = spec(network, iterations=50, log_every=1, optimiser={"kind": "adam_tf1", "lr": 1e30})
    outcome = start(made, tmp_path).train()
    assert outcome.status == "diverged"
    assert outcome.iterations < 50
    assert outcome.telemetry[-1, 0] == outcome.iterations
    assert not np.isfinite(outcome.telemetry[-1, 1:5]).all()
    assert np.isfinite(outcome.telemetry[:-1, 1:5]).all()


def test_a_run_that_blows_up_unlogged_is_not_called_completed(spec: Maker, start: Start, tmp_path: Path) -> None:
    made = spec("mlp", iterations=3, log_every=3, optimiser={"kind": "adam_tf1", "lr": 1e38})
    assert start(made, tmp_path).train().status == "diverged"


def test_observers_are_told_of_every_iteration_and_of_rows_where_there_are_any(
    spec: Maker, start: Start, tmp_path: Path
) -> None:
    told: list[tuple[int, bool]] = []
    start(spec("mlp"), tmp_path).train((lambda done, row, networks: told.append((done, row is not None)),))
    assert told == [(i, i in (2, 4, 6, 7)) for i in range(1, 8)]


def test_time_of_all_sessions_is_added_up(spec: Maker, start: Start, tmp_path: Path) -> None:
    made = spec("mlp")
    with pytest.raises(Stop):
        start(made, tmp_path).train((stop_at(5),), save_every=0.0)
    kept, _ = load_newest(tmp_path, made.digest)
    assert kept is not None
    resumed = start(made, tmp_path)
    assert 0 < kept.values["cost"]["seconds"] == resumed.cost.seconds
    assert resumed.train().cost.seconds > kept.values["cost"]["seconds"]


@pytest.mark.slow
def test_a_run_at_side_128_trains_and_samples_images_of_that_side(tmp_path: Path) -> None:
    network = {"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": True}
    row = {
        "network": network,
        "reading": "released",
        "d_batches": 1,
        "g_batches": 1,
        "batch_size": 4,
        "lambda_mean": 5.0,
    }
    folder = ImageFolder(source="folder", path="photographs", side=128, channels=3)
    spec = RunSpec(
        name="large", arm=Arm.model_validate(row), dataset=folder, seed=0, iterations=2, snapshots=(0, 2), log_every=1
    )
    images = np.random.default_rng(0).integers(0, 256, (9, 3, 128, 128), dtype=np.uint8)
    run = Run(spec, images, tmp_path, torch.device("cpu"))
    assert run.train().status == "completed"
    assert run.networks.generator(torch.zeros(2, 3)).shape == (2, 3, 128, 128)
