"""State of a run on disk: safetensors and JSON, never pickle; whole or not at all; the newest sound one is used."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from vigan.io.files import RecordError, atomic_write, read_json, sha256_file, write_json

KEPT = 2
_OF_DEVICE = ("capturable",)
"""Settings of an optimiser that follow from its device."""


class Checkpoint(NamedTuple):
    """Everything a run needs to go on: the iterations done, its tensors and its plain values."""

    iteration: int
    tensors: dict[str, Tensor]
    values: dict[str, Any]


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, then its seal (a JSON with its SHA-256), then drop all but the two saved last."""
    name = f"checkpoint-{checkpoint.iteration:09d}"
    payload = safetensors.torch.save({key: value.contiguous() for key, value in checkpoint.tensors.items()})
    with atomic_write(folder / f"{name}.safetensors") as stream:
        stream.write(payload)
    seal = {
        "iteration": checkpoint.iteration,
        "sha256": hashlib.sha256(payload).hexdigest(),
        "values": checkpoint.values,
    }
    write_json(folder / f"{name}.json", seal)
    for old in sorted(folder.glob("checkpoint-*.json"), key=lambda seal: seal.stat().st_mtime_ns)[:-KEPT]:
        old.unlink()
        old.with_suffix(".safetensors").unlink(missing_ok=True)


def load_newest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """Newest checkpoint whose content matches its seal (None if there is none), and why newer ones were refused."""
    refused: list[str] = []
    for seal in sorted(folder.glob("checkpoint-*.json"), reverse=True):
        try:
            return _load(seal), refused
        except RecordError as error:
            refused.append(str(error))
    return None, refused


def _load(seal: Path) -> Checkpoint:
    record, payload = read_json(seal), seal.with_suffix(".safetensors")
    try:
        if sha256_file(payload) != record["sha256"]:
            raise RecordError(f"{payload}: its content is not what was saved; an older checkpoint is used")
        return Checkpoint(record["iteration"], safetensors.torch.load_file(payload), record["values"])
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise RecordError(f"{payload}: not a checkpoint ({error!r}); an older one is used") from None


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
