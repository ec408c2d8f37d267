"""Snapshots: the generator (with encoder and discriminator, if saved) along a run, one safetensors file each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from vigan.io.files import atomic_write
from vigan.models.batch_norm import by_batch_statistics, moving_averages
from vigan.models.build import Networks

ENCODER, DISCRIMINATOR, TRAINED = "encoder.", "discriminator.", "trained."


def save_snapshot(folder: Path, iteration: int, networks: Networks, *, discriminator: bool = False) -> tuple[str, str]:
    """Save G, E if there is one, and with `discriminator` D if there is one, after `iteration` iterations.

    Where an average of G is sampled in its place, that comes first and G itself beside it. Returns name and SHA-256
    (hex) of the file.
    """
    kept = networks.sampled_generator.state_dict()
    if networks.sampled_generator is not networks.generator:
        kept |= networks.generator.state_dict(prefix=TRAINED)
    if "encoder" in networks:
        kept |= networks.encoder.state_dict(prefix=ENCODER)
    if discriminator and "discriminator" in networks:
        kept |= networks.discriminator.state_dict(prefix=DISCRIMINATOR)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in kept.items()}
    name, content = f"{iteration:09d}.safetensors", safetensors.torch.save(tensors)
    with atomic_write(folder / name) as stream:
        stream.write(content)
    return name, hashlib.sha256(content).hexdigest()


def load_snapshot(folder: Path, iteration: int, networks: Networks, *, trained: bool = False) -> None:
    """Put a snapshot's weights into the generator of `networks`, and its encoder if it has one, in inference mode.

    Those of the generator that is sampled, or with `trained` of G itself where an average was sampled in its place.
    """
    kept = safetensors.torch.load_file(folder / f"{iteration:09d}.safetensors")
    own = _of(kept, TRAINED) if trained else {}
    others = (ENCODER, DISCRIMINATOR, TRAINED)
    networks.generator.load_state_dict(
        own or {name: tensor for name, tensor in kept.items() if not name.startswith(others)}
    )
    if "encoder" in networks:
        networks.encoder.load_state_dict(_of(kept, ENCODER))
    networks.eval()


def load_discriminator(folder: Path, iteration: int, networks: Networks) -> None:
    """Put the D of a snapshot into `networks`. Raises KeyError if the snapshot holds none."""
    kept = _of(safetensors.torch.load_file(folder / f"{iteration:09d}.safetensors"), DISCRIMINATOR)
    if not kept:
        raise KeyError(f"snapshot {iteration} holds no discriminator")
    networks.discriminator.load_state_dict(kept)


def _of(kept: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in kept.items() if name.startswith(prefix)}


@torch.inference_mode()
def sample(generator: nn.Module, z: Tensor, batch: int = 256) -> Tensor:
    """G(z) in inference mode for latents (n, latent), in batches; the network's mode is restored afterwards."""
    training = generator.training
    generator.eval()
    fakes = torch.cat([generator(part) for part in z.split(batch)])
    generator.train(training)
    return fakes


@torch.inference_mode()
def decode(networks: Networks, x: Tensor, latent: int) -> Tensor:
    """G(E(x)) for examples (n, ...), by networks in inference mode; the VAE's code is its mean, E's first half."""
    return networks.generator(networks.encoder(x)[:, :latent])


@torch.inference_mode()
def judge(discriminator: nn.Module, batches: Iterable[Tensor]) -> Tensor:
    """D's logits (n,) of examples in batches, each normalised by its own statistics; D's averages stay as they are."""
    by_batch_statistics(discriminator)
    with moving_averages(discriminator, 0):
        return torch.cat([discriminator(batch).reshape(-1) for batch in batches])


def to_uint8(images: Tensor) -> Tensor:
    """Images in [-1, 1] as uint8: round(127.5 (x + 1)), clipped to 0..255."""
    return images.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
