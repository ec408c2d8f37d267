"""What the networks of a run's snapshots make and say: samples, decoded codes, D's logits."""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open

from vigan.config.arms import RunSpec
from vigan.config.experiment import Protocol
from vigan.io.run_record import RunRecord
from vigan.models.build import Networks, build
from vigan.objectives.applied import Stabilisers
from vigan.training.device_data import as_input
from vigan.training.latents import evaluation_latents
from vigan.training.snapshots import TRAINED, decode, judge, load_discriminator, load_snapshot, sample, to_uint8

SAMPLED = 256
"""Batch size for sampling."""


class Sampler:
    """Samples from the snapshots of one run; thread-safe."""

    def __init__(self, record: RunRecord, folder: Path, device: torch.device) -> None:
        self.spec, self.folder, self.device = record.spec, folder, device
        self.networks = _as_trained(self.spec).to(device)
        self.reached = record.reached
        self.averages = _keeps_average(folder, self.reached[-1])

    def measured_as(self, protocol: Protocol) -> Protocol:
        """The protocol by whose samples one is measured: without an average, what is sampled is G itself."""
        apart = {"redraws": 0} if self.averages else {"redraws": 0, "sampler": None}
        return protocol.model_copy(update=apart)

    def __call__(self, step: int, count: int, draw: int = 0, *, trained: bool = False) -> tuple[np.ndarray, bool]:
        """`count` samples of a snapshot as the data set stores them, and whether all are finite; a NaN becomes 0.

        Of the generator that is sampled, or with `trained` of G itself.
        """
        generator = self._at(step, trained=trained).generator
        latents = evaluation_latents(self.spec.seed, count, self.spec.arm.network.latent, draw)
        parts = [_stored(sample(generator, z.to(self.device))) for z in latents.split(SAMPLED)]
        return np.concatenate([samples for samples, _ in parts]), all(finite for _, finite in parts)

    def decoded(self, step: int, reals: np.ndarray) -> tuple[np.ndarray, bool]:
        """G(E(x)) of a snapshot for stored examples, as the networks make it, and whether all of it is finite."""
        networks, latent = self._at(step), self.spec.arm.network.latent
        starts = range(0, len(reals), SAMPLED)
        parts = [decode(networks, as_input(reals[i : i + SAMPLED], self.device), latent) for i in starts]
        made = torch.cat(parts)
        return made.cpu().numpy(), bool(made.isfinite().all())

    def judged(self, step: int, reals: np.ndarray) -> tuple[np.ndarray, bool]:
        """D's logits (3, n), above 0 where it calls real, and whether all are finite.

        Of n training examples and n held-out ones, stored (2, n, ...), and of n fakes by G itself, in batches of one
        kind, about as large as those of training.
        """
        arm, count = self.spec.arm, reals.shape[1]
        networks = deepcopy(self.judging)
        load_discriminator(self.folder, step, networks)
        generator = self._at(step, trained=self.averages).generator
        latents = evaluation_latents(self.spec.seed, count, arm.network.latent)
        parts = math.ceil(count / arm.batch_size)
        of_reals = [(as_input(x, self.device) for x in np.array_split(some, parts)) for some in reals]
        of_fakes = (sample(generator, z.to(self.device)) for z in latents.tensor_split(parts))
        logits = (
            torch.stack([judge(networks.discriminator, batches) for batches in (*of_reals, of_fakes)]).cpu().double()
        )
        threshold = arm.model.decision_threshold
        above = logits - (logits[[0, 2]].mean() if threshold is None else threshold)
        return above.numpy(), bool(logits.isfinite().all())

    @property
    def judging(self) -> Networks:
        """D alone, with what the arm's stabilisers add to it, such as the norms of its weights."""
        return Networks({"discriminator": self.networks.discriminator})

    def _at(self, step: int, *, trained: bool = False) -> Networks:
        """The generator that is sampled, or with `trained` G itself, and the encoder if there is one."""
        whole = self.networks
        roles = {"generator": whole.generator if trained else whole.sampled_generator}
        roles |= {"encoder": whole.encoder} if "encoder" in whole else {}
        networks = deepcopy(Networks(roles))
        load_snapshot(self.folder, step, networks, trained=trained)
        return networks


def _as_trained(spec: RunSpec) -> Networks:
    """Networks with what the arm's stabilisers wrap and add, such as norms of weights or an average of G."""
    networks = build(spec.arm, spec.dataset.shape, seed=0)
    Stabilisers(spec.arm, math.prod(spec.dataset.shape), networks, seed=0)
    return networks


def _keeps_average(folder: Path, step: int) -> bool:
    """Whether a snapshot holds an average of G, which is sampled, and G itself beside it."""
    with safe_open(folder / f"{step:09d}.safetensors", "pt") as tensors:
        return any(name.startswith(TRAINED) for name in tensors.keys())  # noqa: SIM118 - it is no mapping


def _stored(fakes: torch.Tensor) -> tuple[np.ndarray, bool]:
    finite = bool(fakes.isfinite().all())
    fakes = fakes if finite else fakes.nan_to_num(0.0, 0.0, 0.0)
    return (to_uint8(fakes) if fakes.ndim == 4 else fakes).cpu().numpy(), finite
