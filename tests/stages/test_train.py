from __future__ import annotations

import contextlib
import csv
import errno
import fcntl
import json
import math
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flips import flipped, how_many, tell
from safetensors.torch import load_file

from vigan import provenance
from vigan.config.arms import Arm, RunSpec
from vigan.config.datasets import Ring
from vigan.data.prepare import prepare
from vigan.io.files import RecordError
from vigan.io.locks import InUseError, held, is_named
from vigan.io.run_record import RunRecord, read_run
from vigan.io.stamp import unsealed
from vigan.stages.train import Settings, train
from vigan.training import run
from vigan.training.telemetry import COLUMNS

RING = Ring(source="ring", count=50)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a prepared ring of fifty points."""
    folder = tmp_path_factory.mktemp("ring")
    prepare(RING, folder)
    return folder


def toy(*, seed: int = 0, iterations: int = 7, log_every: int = 2, **fields: Any) -> RunSpec:
    """A run on the ring, with further fields of its arm."""
    row = {"reading": "released", "d_batches": 1, "g_batches": 1, "batch_size": 4, "lambda_mean": 5.0}
    return RunSpec(
        name="toy", arm=Arm.model_validate({"network": {"kind": "mlp", "width": 8}, **row, **fields}), dataset=RING,
        seed=seed, iterations=iterations, snapshots=(0, iterations // 2, iterations), log_every=log_every,
    )  # fmt: skip


class Stop(BaseException):
    """Stands for a kill between two iterations."""


def stop(done: int, row: object, networks: object) -> None:
    if done == 4:
        raise Stop


OFTEN = Settings("cpu", 1, 0.0)


def test_a_finished_run_leaves_its_record_telemetry_and_snapshots_and_no_state(ring: Path, tmp_path: Path) -> None:
    spec, out, state = toy(), tmp_path / "out", tmp_path / "state"
    record = train(spec, ring, out, state, Settings("cpu"))
    assert read_run(out / "run.json") == record
    assert sorted(file.name for file in out.iterdir()) == ["run.json", "snapshots", "telemetry.csv"]
    assert [file.name for file in sorted((out / "snapshots").iterdir())] == [
        f"{step:09d}.safetensors" for step in spec.snapshots
    ]
    assert not state.exists()
    assert (record.status, record.iterations, record.spec) == ("completed", 7, spec)
    assert record.ledger.d_updates == 7
    assert record.ledger.g_updates == 14
    assert record.data_sha256 == json.loads((ring / "manifest.json").read_text())["sha256"]
    assert record.code_sha256 == provenance.stage_digest("train", spec.arm.modules)
    assert (record.device, record.threads) == ("cpu", 1)
    with (out / "telemetry.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["iteration"] for row in rows] == ["2", "4", "6", "7"]


def test_a_run_names_the_code_and_libraries_that_trained_it_whatever_is_edited_meanwhile(
    ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit(done: int, row: object, networks: object) -> None:
        monkeypatch.setattr(provenance, "stage_digest", lambda *_: "e" * 64)
        monkeypatch.setattr(provenance, "versions", lambda: {"torch": "another"})

    before = (provenance.stage_digest("train", toy().arm.modules), provenance.versions())
    record = train(toy(), ring, tmp_path / "out", tmp_path / "state", OFTEN, (edit,))
    assert (record.code_sha256, record.versions) == before


def test_a_killed_stage_goes_on_and_ends_with_the_same_bytes(ring: Path, tmp_path: Path) -> None:
    straight = train(toy(), ring, tmp_path / "a", tmp_path / "state-a", OFTEN)
    with pytest.raises(Stop):
        train(toy(), ring, tmp_path / "b", tmp_path / "state-b", OFTEN, (stop,))
    assert not (tmp_path / "b").exists()
    resumed = train(toy(), ring, tmp_path / "b", tmp_path / "state-b", OFTEN)
    assert resumed.weights_sha256 == straight.weights_sha256
    for name in ["telemetry.csv", *(f"snapshots/{step:09d}.safetensors" for step in toy().snapshots)]:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert not (tmp_path / "state-b").exists()


def test_a_damaged_checkpoint_is_named_to_the_user(
    ring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Stop):
        train(toy(), ring, tmp_path / "out", tmp_path / "state", OFTEN, (stop,))
    newest = max((tmp_path / "state").glob("*.safetensors"))
    newest.write_bytes(b"")
    train(toy(), ring, tmp_path / "out", tmp_path / "state", OFTEN)
    assert f"warning: {newest}" in capsys.readouterr().out


def damaged(snapshot: Path) -> None:
    snapshot.write_bytes(snapshot.read_bytes()[:-1] + b"\x7f")


def of_a_step_that_nobody_asked_for(snapshot: Path) -> None:
    snapshot.with_name("000000001.safetensors").write_bytes(snapshot.read_bytes())


@pytest.mark.parametrize(
    ("damage", "told"),
    [(damaged, True), (Path.unlink, True), (of_a_step_that_nobody_asked_for, False)],
    ids=["flipped", "deleted", "foreign"],
)
def test_snapshots_in_the_state_are_published_only_if_they_are_those_that_were_saved(
    damage: Callable[[Path], None], told: bool, ring: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    straight = train(toy(), ring, tmp_path / "a", tmp_path / "state-a", OFTEN)
    with pytest.raises(Stop):
        train(toy(), ring, tmp_path / "b", tmp_path / "state-b", OFTEN, (stop,))
    damage(tmp_path / "state-b" / "snapshots" / "000000000.safetensors")
    resumed = train(toy(), ring, tmp_path / "b", tmp_path / "state-b", OFTEN)
    assert ("the run begins anew" in capsys.readouterr().out) == told
    assert resumed.snapshots_sha256 == straight.snapshots_sha256
    assert {path.name for path in (tmp_path / "b" / "snapshots").iterdir()} == set(straight.snapshots_sha256)


STATE = ("newest seal", "newest tensors", "seal before", "snapshot", "spec.json", "begun.json", "lock")


def _in_state(state: Path, kind: str) -> Path:
    before, newest = sorted(state.glob("checkpoint-*.json"))
    return {
        "newest seal": newest,
        "newest tensors": newest.with_suffix(".safetensors"),
        "seal before": before,
        "snapshot": state / "snapshots" / "000000000.safetensors",
    }.get(kind, state / kind)


def _bits(run: RunRecord) -> tuple[object, ...]:
    made = run.weights_sha256, run.telemetry_sha256, run.snapshots_sha256
    return *made, run.status, run.iterations, run.versions, run.rules


@pytest.mark.parametrize("kind", STATE)
def test_a_flipped_bit_in_the_state_ends_in_the_same_run_or_in_a_refusal(kind: str, ring: Path, tmp_path: Path) -> None:
    out, state, kept, ends = tmp_path / "out", tmp_path / "state", tmp_path / "kept", Counter[str]()
    straight = train(toy(), ring, tmp_path / "straight", state, OFTEN)
    with pytest.raises(Stop):
        train(toy(), ring, out, state, OFTEN, (stop,))
    state.rename(kept)
    for content in flipped(_in_state(kept, kind).read_bytes(), how_many(3), kind):
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(kept, state)
        _in_state(state, kind).write_bytes(content)
        run = None
        with contextlib.suppress(RecordError):
            run = train(toy(), ring, out, state, OFTEN)
        assert run is None or _bits(run) == _bits(straight)
        ends["the same run" if run else "refused"] += 1
    tell(f"state, {kind}", ends)


def test_a_checkpoint_of_another_arm_is_not_gone_on_with(
    ring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    straight = train(toy(), ring, tmp_path / "a", tmp_path / "state-a", OFTEN)
    for name, seed in (("other", 1), ("b", 0)):
        with pytest.raises(Stop):
            train(toy(seed=seed), ring, tmp_path / name, tmp_path / f"state-{name}", OFTEN, (stop,))
    for path in (tmp_path / "state-other").glob("checkpoint-*"):
        shutil.copyfile(path, tmp_path / "state-b" / path.name)
    assert train(toy(), ring, tmp_path / "b", tmp_path / "state-b", OFTEN).weights_sha256 == straight.weights_sha256
    assert capsys.readouterr().out.count("a checkpoint of another run") == 2


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_a_run_is_trained_and_told_that_nobody_guards_it(
    number: int, ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def no_locks(handle: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    train(toy(), ring, tmp_path / "out", tmp_path / "state", OFTEN)
    assert capsys.readouterr().out.count("no locks on this file system; start no second trainer of it") == 1


def test_a_lock_on_a_file_that_was_removed_guards_nothing_and_is_not_taken(tmp_path: Path) -> None:
    """B waits for the lock of a file that A removes when it ends; C would lock a new one."""
    path, named = tmp_path / "state" / "lock", list[bool]()

    def wait() -> None:
        with held(path, wait=True) as (stream, _):
            named.append(is_named(stream, path))

    second = threading.Thread(target=wait)
    with held(path):
        second.start()
        time.sleep(0.2)
        shutil.rmtree(path.parent)
    second.join()
    assert named == [True]


def test_two_trainers_of_one_run_do_not_meet(ring: Path, tmp_path: Path) -> None:
    state, refused = tmp_path / "state", []

    def second_trainer(done: int, row: object, networks: object) -> None:
        if done == 2:
            with pytest.raises(InUseError) as caught:
                train(toy(), ring, tmp_path / "other", state, OFTEN)
            refused.append(str(caught.value))

    record = train(toy(), ring, tmp_path / "out", state, OFTEN, (second_trainer,))
    assert len(refused) == 1
    assert str(state) in refused[0]
    assert "trains this run already" in refused[0]
    assert not (tmp_path / "other").exists()
    assert record.weights_sha256 == train(toy(), ring, tmp_path / "alone", tmp_path / "s", OFTEN).weights_sha256


def test_the_state_of_a_killed_trainer_can_be_taken_over(ring: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "lock").write_text("12345")
    assert train(toy(), ring, tmp_path / "out", state, OFTEN).status == "completed"


def test_the_state_of_another_config_is_refused_and_what_differs_is_named(ring: Path, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        train(toy(), ring, tmp_path / "out", tmp_path / "state", OFTEN, (stop,))
    with pytest.raises(RecordError, match=r"state: made under another config \(arm\.lambda_mean, seed differ\)"):
        train(toy(seed=1, lambda_mean=1.0), ring, tmp_path / "out", tmp_path / "state", OFTEN)


@pytest.mark.parametrize("log_every", [1, 30])
def test_a_diverged_run_still_writes_its_record(log_every: int, ring: Path, tmp_path: Path) -> None:
    spec = toy(iterations=30, log_every=log_every, optimiser={"kind": "adam_tf1", "lr": 1e38})
    record = train(spec, ring, tmp_path / "out", tmp_path / "state", OFTEN)
    assert record.status == "diverged"
    assert record == read_run(tmp_path / "out" / "run.json")
    assert record.ledger.d_updates == record.iterations
    last = (tmp_path / "out" / "telemetry.csv").read_text().splitlines()[-1].split(",")
    assert int(last[0]) == record.iterations
    assert not all(math.isfinite(float(value)) for value in last[1:])
    assert not (tmp_path / "state").exists()


def test_a_record_stands_only_beside_what_it_describes(ring: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train(toy(), ring, out, tmp_path / "state", OFTEN)
    (out / "snapshots" / "000000999.safetensors").write_bytes(b"left over")
    train(toy(seed=3), ring, out, tmp_path / "state", OFTEN)
    assert read_run(out / "run.json").spec.seed == 3
    assert not (out / "snapshots" / "000000999.safetensors").exists()


def test_a_damaged_data_set_is_refused_before_training(ring: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="never prepared"):
        train(toy(), tmp_path / "none", tmp_path / "out", tmp_path / "state", OFTEN)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("weights_sha256"),
        lambda record: record.update(status="fine"),
        lambda record: record.update(more=1),
        lambda record: record["spec"].update(seed="0"),
        lambda record: record["ledger"].pop("d_updates"),
    ],
)
def test_a_record_that_is_not_one_is_named(change: Callable[[dict], object], ring: Path, tmp_path: Path) -> None:
    train(toy(iterations=2), ring, tmp_path, tmp_path / "state", OFTEN)
    record = unsealed(json.loads((tmp_path / "run.json").read_text()))
    change(record)
    (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(RecordError, match=f"{tmp_path}/run.json: not a run record"):
        read_run(tmp_path / "run.json")


def test_a_run_that_is_resumed_on_another_device_names_both(
    ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.setattr(run, "named", lambda device: "NVIDIA H100")
        with pytest.raises(Stop):
            train(toy(), ring, tmp_path / "b", tmp_path / "state", OFTEN, (stop,))
    assert train(toy(), ring, tmp_path / "b", tmp_path / "state", OFTEN).device == "NVIDIA H100, then cpu"


def test_a_resumed_run_names_all_versions_and_the_rules_that_it_was_begun_under(
    ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its record named those of its end alone: rules that were edited after a look passed as older than the run."""
    for versions, rules, threads in (("2.14", {"C1": 1}, 1), ("2.15", {"C1": 2}, 1), ("2.15", {"C1": 3}, 2)):
        monkeypatch.setattr(provenance, "versions", lambda known=versions: {"torch": known, "numpy": "2"})
        settings = OFTEN._replace(rules=rules, threads=threads)
        callbacks = (stop,) if rules["C1"] == 1 else (_stop_at_5,) if rules["C1"] == 2 else ()
        with pytest.raises(Stop) if callbacks else contextlib.nullcontext():
            record = train(toy(), ring, tmp_path / "b", tmp_path / "state", settings, callbacks)
    assert record.versions == {"torch": "2.14, then 2.15", "numpy": "2"}
    assert record.rules == {"C1": 1}
    assert "begun with 1 threads, resumed with 2" in capsys.readouterr().out
    assert not list(tmp_path.glob(".state*"))


def _stop_at_5(done: int, row: object, networks: object) -> None:
    if done == 5:
        raise Stop


def test_where_a_drive_keeps_open_files_a_run_ends_and_what_is_left_goes_later(
    ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a network drive the lock stays while it is open: every training failed at its very end."""
    stays = tmp_path / ".state.done"
    real = shutil.rmtree

    def rmtree(path: Path, ignore_errors: bool = False) -> None:
        if Path(path) == stays and (stays / "lock").exists() and is_open():
            if not ignore_errors:
                raise OSError(errno.ENOTEMPTY, "Directory not empty", str(path))
            return
        real(path, ignore_errors=ignore_errors)

    def is_open() -> bool:
        with (stays / "lock").open() as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    assert train(toy(), ring, tmp_path / "out", tmp_path / "state", OFTEN).status == "completed"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


@pytest.mark.parametrize("loss", ["wasserstein", "hinge"])
def test_weights_that_are_no_numbers_end_a_run_whatever_its_losses_are(loss: str, ring: Path, tmp_path: Path) -> None:
    spec = toy(
        iterations=40, log_every=10, lambda_mean=0.0, model={"kind": "gan", "loss": loss}, optimiser={"lr": 1e30}
    )
    record = train(spec, ring, tmp_path / "out", tmp_path / "state", OFTEN)
    assert (record.status, record.iterations) == ("diverged", 10)


def test_d_is_kept_with_the_snapshots_where_it_is_asked_for(ring: Path, tmp_path: Path) -> None:
    spec = toy().model_copy(update={"keep_discriminator": True})
    with_d = train(spec, ring, tmp_path / "d", tmp_path / "state-d", OFTEN)
    without = train(toy(), ring, tmp_path / "g", tmp_path / "state-g", OFTEN)
    assert with_d.weights_sha256 == without.weights_sha256
    last = f"snapshots/{spec.snapshots[-1]:09d}.safetensors"
    kept, other = (set(load_file(tmp_path / run / last)) for run in ("d", "g"))
    assert other < kept
    assert all(name.startswith("discriminator.") for name in kept - other)
    assert "keep_discriminator" not in toy().model_dump(mode="json")
