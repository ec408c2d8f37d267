"""Checkpoints: safetensors and JSON, never pickle; written atomically; the newest valid one is used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from vigan.config.base import digest_of
from vigan.io.durable import sync_folder
from vigan.io.files import RecordError, atomic_write, holds, read_json, write_json

KEPT = 2
SNAPSHOTS = "snapshots"
"""Folder beside the checkpoints that holds the run's snapshots."""
_NAME = re.compile(r"checkpoint-([0-9]{9,})\.json")
_OF_DEVICE = ("capturable",)
"""Settings of an optimiser that follow from its device."""


class Checkpoint(NamedTuple):
    """Everything a run needs to resume: the iterations done, its tensors and its plain values.

    `snapshots` are those saved so far: SHA-256 (hex) by file name.
    """

    iteration: int
    tensors: dict[str, Tensor]
    values: dict[str, Any]
    snapshots: Mapping[str, str] = MappingProxyType({})


def save(folder: Path, checkpoint: Checkpoint, owner: str) -> None:
    """Write a checkpoint of the run `owner`, then its seal, then remove all others but the one before.

    The seal is a JSON file: owner, iterations done, digests of the tensors and the snapshots, and a digest of all
    that. Removed are older checkpoints, and those of more iterations, which this run refused to resume from.
    """
    name = f"checkpoint-{checkpoint.iteration:09d}"
    payload = safetensors.torch.save({key: value.contiguous() for key, value in checkpoint.tensors.items()})
    with atomic_write(folder / f"{name}.safetensors") as stream:
        stream.write(payload)
    record = {
        "owner": owner,
        "iteration": checkpoint.iteration,
        "sha256": hashlib.sha256(payload).hexdigest(),
        "snapshots": dict(checkpoint.snapshots),
        "values": checkpoint.values,
    }
    write_json(folder / f"{name}.json", {"record": record, "sha256": digest_of(record)})
    _drop_others(folder, checkpoint.iteration)


def _drop_others(folder: Path, iteration: int) -> None:
    known = _seals(folder)
    kept = sorted(number for number in known if number <= iteration)[-KEPT:]
    for number in known.keys() - set(kept):
        known[number].unlink()
    sync_folder(folder)  # no payload goes before its seal
    stems = {known[number].stem for number in kept}
    for payload in folder.glob("checkpoint-*.safetensors"):
        if payload.stem not in stems:
            payload.unlink()


def _seals(folder: Path) -> dict[int, Path]:
    """Seals by the iterations in their names."""
    named = ((_NAME.fullmatch(path.name), path) for path in folder.glob("checkpoint-*.json"))
    return {int(found[1]): path for found, path in named if found}


def load_newest(folder: Path, owner: str) -> tuple[Checkpoint | None, list[str]]:
    """The valid checkpoint of the run `owner` with most iterations, or None; and why later ones were refused."""
    reasons: list[str] = []
    found = None
    for _, seal in sorted(_seals(folder).items(), reverse=True):
        try:
            found = _load(seal, owner)
            break
        except RecordError as error:
            reasons.append(str(error))
    instead = f"going on from iteration {found.iteration}" if found else "the run begins anew"
    return found, [f"{reason}; {instead}" for reason in reasons]


def _load(seal: Path, owner: str) -> Checkpoint:
    record, payload = _sealed(seal), seal.with_suffix(".safetensors")
    try:
        if record["owner"] != owner:
            raise RecordError(f"{seal}: a checkpoint of another run")
        if not holds(payload, record["sha256"]):
            raise RecordError(f"{payload}: missing, or its content is not what was saved")
        for name, digest in record["snapshots"].items():
            if not holds(seal.parent / SNAPSHOTS / name, digest):
                raise RecordError(f"{seal}: snapshot {name} is missing, or its content is not what was saved")
        tensors = safetensors.torch.load_file(payload)
        return Checkpoint(record["iteration"], tensors, record["values"], record["snapshots"])
    except (SafetensorError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{payload}: not a checkpoint ({error!r})") from None


def _sealed(seal: Path) -> Any:
    """The record in a seal. Raises RecordError if the seal was changed."""
    try:
        sealed = read_json(seal)
        if digest_of(sealed["record"]) == sealed["sha256"]:
            return sealed["record"]
    except (RecordError, KeyError, TypeError, RecursionError):
        pass
    raise RecordError(f"{seal}: its content is not what was saved")


def network_tensors(networks: nn.ModuleDict) -> dict[str, Tensor]:
    """Parameters and moving averages by "role.name"."""
    return {f"{role}.{name}": tensor for role, net in networks.items() for name, tensor in net.state_dict().items()}


def restore_networks(networks: nn.ModuleDict, tensors: Mapping[str, Tensor]) -> None:
    """Put saved parameters and moving averages back. Raises RuntimeError if a name or shape differs."""
    for role, network in networks.items():
        mine = {key.removeprefix(f"{role}."): value for key, value in tensors.items() if key.startswith(f"{role}.")}
        network.load_state_dict(mine)


def optimiser_tensors(optimiser: torch.optim.Optimizer, prefix: str) -> dict[str, Tensor]:
    """An optimiser's tensors by "prefix.parameter.slot"."""
    states = optimiser.state_dict()["state"]
    return {f"{prefix}.{index}.{slot}": value for index, state in states.items() for slot, value in state.items()}


def optimiser_values(optimiser: torch.optim.Optimizer) -> list[dict[str, Any]]:
    """An optimiser's settings and counters, one dict a parameter group."""
    return [dict(group) for group in optimiser.state_dict()["param_groups"]]


def restore_optimiser(
    optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor], values: list[dict[str, Any]], prefix: str
) -> None:
    """Put an optimiser's tensors and counters back, on its own device, wherever they were saved.

    Whether torch's Adam counts its steps on the device is a matter of where it runs, and stays as it is.
    """
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith(f"{prefix}."):
            _, index, slot = key.split(".")
            state.setdefault(int(index), {})[slot] = value
    own = [{key: group[key] for key in _OF_DEVICE if key in group} for group in optimiser.param_groups]
    groups = [group | here for group, here in zip(values, own, strict=True)]
    optimiser.load_state_dict({"state": state, "param_groups": groups})


def weights_hash(networks: nn.ModuleDict) -> str:
    """SHA-256 (hex) over names and bytes of all parameters and moving averages, in order of name."""
    total = hashlib.sha256()
    for name, tensor in sorted(network_tensors(networks).items()):
        total.update(name.encode())
        total.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()
