from __future__ import annotations

import json
import os
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flips as bits
import numpy as np
import pytest
import torch

from vigan.config.base import digest_of
from vigan.io.files import sha256_file
from vigan.training import checkpoint as store
from vigan.training.checkpoint import (
    Checkpoint,
    optimiser_tensors,
    optimiser_values,
    restore_optimiser,
    weights_hash,
)

OWNER = "of-this-run"


def save(folder: Path, made: Checkpoint, owner: str = OWNER) -> None:
    store.save(folder, made, owner)


def load_newest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    return store.load_newest(folder, OWNER)


def reseal(seal: Path, **changed: object) -> None:
    """Seal as `save` does, with fields that are not what they were."""
    record = {**json.loads(seal.read_text())["record"], **changed}
    seal.write_text(json.dumps({"record": record, "sha256": digest_of(record)}))


def checkpoint(iteration: int) -> Checkpoint:
    draws = torch.from_numpy(np.random.default_rng(iteration).standard_normal((3, 4)))
    tensors = {
        "generator.weight": draws.float(),
        "transposed": draws.T,
        "step": torch.tensor(float(iteration)),
        "empty": torch.zeros(0, dtype=torch.float64),
        "odd": torch.tensor([float("nan"), -0.0, float("inf"), 1e-45]),
    }
    return Checkpoint(iteration, tensors, {"seconds": 0.1 + iteration, "groups": [{"lr": 0.00019999999494757503}]})


def equal(first: Checkpoint, second: Checkpoint) -> bool:
    same_tensors = first.tensors.keys() == second.tensors.keys() and all(
        value.dtype == second.tensors[name].dtype
        and value.shape == second.tensors[name].shape
        and value.contiguous().numpy().tobytes() == second.tensors[name].numpy().tobytes()
        for name, value in first.tensors.items()
    )
    return first.iteration == second.iteration and first.values == second.values and same_tensors


def newest(folder: Path) -> tuple[Checkpoint, list[str]]:
    found, refused = load_newest(folder)
    assert found is not None
    return found, refused


def test_an_empty_folder_has_no_checkpoint(tmp_path: Path) -> None:
    assert load_newest(tmp_path) == (None, [])
    assert load_newest(tmp_path / "none") == (None, [])


def test_a_checkpoint_comes_back_bit_by_bit(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(12))
    found, refused = newest(tmp_path)
    assert equal(checkpoint(12), found)
    assert refused == []


def test_only_the_newest_two_are_kept(tmp_path: Path) -> None:
    for iteration in (5, 90, 100, 1000):
        save(tmp_path, checkpoint(iteration))
    stems = {f"checkpoint-{iteration:09d}" for iteration in (100, 1000)}
    assert {file.name for file in tmp_path.iterdir()} == {f"{s}.{e}" for s in stems for e in ("json", "safetensors")}
    assert newest(tmp_path)[0].iteration == 1000


def truncated(payload: Path, seal: Path) -> None:
    payload.write_bytes(payload.read_bytes()[:-7])


def flipped(payload: Path, seal: Path) -> None:
    content = bytearray(payload.read_bytes())
    content[-3] ^= 1
    payload.write_bytes(bytes(content))


def emptied(payload: Path, seal: Path) -> None:
    payload.write_bytes(b"")


def lost(payload: Path, seal: Path) -> None:
    payload.unlink()


def seal_truncated(payload: Path, seal: Path) -> None:
    seal.write_bytes(seal.read_bytes()[:20])


def seal_foreign(payload: Path, seal: Path) -> None:
    seal.write_text("[1, 2]")


def seal_incomplete(payload: Path, seal: Path) -> None:
    record = {"sha256": sha256_file(payload)}
    seal.write_text(json.dumps({"record": record, "sha256": digest_of(record)}))


def sealed_rubbish(payload: Path, seal: Path) -> None:
    payload.write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00rubbish!")
    reseal(seal, sha256=sha256_file(payload))


def seal_of_another_run(payload: Path, seal: Path) -> None:
    reseal(seal, owner="of-another-run")


def seal_of_other_iterations(payload: Path, seal: Path) -> None:
    seal.write_text(seal.read_text().replace('"iteration": 20', '"iteration": 28'))


def snapshot_not_there(payload: Path, seal: Path) -> None:
    reseal(seal, snapshots={"000000000.safetensors": "0" * 64})


DAMAGE = [
    truncated, flipped, emptied, lost, seal_truncated, seal_foreign, seal_incomplete, sealed_rubbish,
    seal_of_another_run, seal_of_other_iterations, snapshot_not_there,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_damaged_checkpoint_is_passed_over_and_named(damage: Callable[[Path, Path], None], tmp_path: Path) -> None:
    for iteration in (10, 20):
        save(tmp_path, checkpoint(iteration))
    name = tmp_path / "checkpoint-000000020"
    damage(name.with_suffix(".safetensors"), name.with_suffix(".json"))
    found, refused = newest(tmp_path)
    assert equal(checkpoint(10), found)
    assert len(refused) == 1
    assert "checkpoint-000000020" in refused[0]


def test_where_all_are_damaged_a_run_begins_anew_and_each_is_named(tmp_path: Path) -> None:
    for iteration in (10, 20):
        save(tmp_path, checkpoint(iteration))
    for payload in tmp_path.glob("*.safetensors"):
        flipped(payload, payload)
    found, refused = load_newest(tmp_path)
    assert found is None
    assert ["020" in refused[0], "010" in refused[1]] == [True, True]


def test_a_payload_that_was_never_sealed_does_not_count(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(10))
    save(tmp_path, checkpoint(20))
    (tmp_path / "checkpoint-000000020.json").unlink()
    assert newest(tmp_path)[0].iteration == 10


@pytest.mark.parametrize("kind", ["json", "safetensors"])
def test_a_flipped_bit_is_refused_or_changes_nothing(kind: str, tmp_path: Path) -> None:
    for iteration in (10, 20):
        save(tmp_path, checkpoint(iteration))
    file = tmp_path / f"checkpoint-000000020.{kind}"
    ends = Counter[str]()
    for content in bits.flipped(file.read_bytes(), bits.how_many(100), kind):
        file.write_bytes(content)
        found, refused = newest(tmp_path)
        assert equal(checkpoint(10 if refused else 20), found)
        assert all("\n" not in reason for reason in refused)
        ends["the one before is taken" if refused else "the same"] += 1
    bits.tell(f"checkpoint, {kind}", ends)


def test_the_latest_is_that_of_most_iterations_whatever_the_clock_says(tmp_path: Path) -> None:
    for iteration in (10, 20):
        save(tmp_path, checkpoint(iteration))
    for path in tmp_path.iterdir():
        os.utime(path, (2e9, 2e9))
    save(tmp_path, checkpoint(30))
    assert newest(tmp_path)[0].iteration == 30
    assert sorted(path.stem for path in tmp_path.glob("*.json")) == ["checkpoint-000000020", "checkpoint-000000030"]


def test_one_that_was_refused_goes_when_a_sound_one_is_there(tmp_path: Path) -> None:
    for iteration in (10, 20):
        save(tmp_path, checkpoint(iteration))
    lost(tmp_path / "checkpoint-000000020.safetensors", tmp_path)
    save(tmp_path, checkpoint(12))
    assert sorted(path.stem for path in tmp_path.glob("*.json")) == ["checkpoint-000000010", "checkpoint-000000012"]


class Malicious:
    """Touches a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("archive", [False, True], ids=["pickle", "torch archive"])
def test_a_pickle_in_place_of_a_checkpoint_is_not_executed(archive: bool, tmp_path: Path) -> None:
    save(tmp_path, checkpoint(10))
    save(tmp_path, checkpoint(20))
    trap, payload = tmp_path / "executed", tmp_path / "checkpoint-000000020.safetensors"
    if archive:
        torch.save({"generator.weight": Malicious(trap)}, payload)
    else:
        payload.write_bytes(pickle.dumps(Malicious(trap)))
    reseal(payload.with_suffix(".json"), sha256=sha256_file(payload))
    found, refused = newest(tmp_path)
    assert not trap.exists()
    assert found.iteration == 10
    assert len(refused) == 1
    pickle.loads(pickle.dumps(Malicious(trap)))
    assert trap.exists()


def test_the_hash_of_weights_changes_with_any_bit_name_or_buffer() -> None:
    made = torch.nn.ModuleDict({"a": torch.nn.BatchNorm1d(2), "b": torch.nn.Linear(2, 2)})
    first = weights_hash({"generator": made})
    assert weights_hash({"generator": made}) == first
    assert weights_hash({"discriminator": made}) != first
    before = made["b"].get_parameter("bias").data.clone()
    made["b"].get_parameter("bias").data[1] += 1e-7
    assert weights_hash({"generator": made}) != first
    made["b"].get_parameter("bias").data.copy_(before)
    assert weights_hash({"generator": made}) == first
    made["a"].get_buffer("running_mean")[0] += 1
    assert weights_hash({"generator": made}) != first


@pytest.mark.parametrize("begun_on_cuda", [True, False])
def test_torch_s_adam_goes_on_where_it_is_whatever_device_it_began_on(begun_on_cuda: bool) -> None:
    """Whether it counts its steps on the device is its own setting, not the checkpoint's."""

    def adam(on_cuda: bool) -> tuple[torch.nn.Parameter, torch.optim.Adam]:
        weight = torch.nn.Parameter(torch.ones(3))
        weight.grad = torch.ones(3)
        return weight, torch.optim.Adam([weight], lr=1e-3, foreach=True, capturable=on_cuda)

    _, plain = adam(False)
    plain.step()
    values = json.loads(json.dumps(optimiser_values(plain)))
    values[0]["capturable"] = begun_on_cuda
    weight, resumed = adam(False)
    restore_optimiser(resumed, optimiser_tensors(plain, "x"), values, "x")
    resumed.step()
    assert resumed.param_groups[0]["capturable"] is False
    assert resumed.state[weight]["step"] == 2
    _, on_cuda = adam(True)
    restore_optimiser(on_cuda, optimiser_tensors(plain, "x"), values, "x")
    assert on_cuda.param_groups[0]["capturable"] is True
