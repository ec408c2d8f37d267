"""EfficientNet-Lite0 is timm's, to the bit."""

from __future__ import annotations

import subprocess
import sys

import pytest
import timm
import torch

from vigan.features.efficientnet import EfficientNetLite0


@pytest.fixture(scope="module")
def networks() -> tuple[EfficientNetLite0, torch.nn.Module]:
    """Ours and timm's with the same made-up weights."""
    theirs = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    draw = torch.Generator().manual_seed(0)
    for name, tensor in theirs.state_dict().items():
        if tensor.is_floating_point():
            tensor.normal_(0.0, tensor[0].numel() ** -0.5, generator=draw)
        if name.endswith("running_var"):
            tensor.abs_().add_(0.5)
    ours = EfficientNetLite0()
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    return ours.eval(), theirs.eval()


@pytest.mark.parametrize("side", [128, 97, 64])
@torch.no_grad()
def test_features_and_logits_are_those_of_timm(side: int, networks: tuple[EfficientNetLite0, torch.nn.Module]) -> None:
    ours, theirs = networks
    images = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(side))
    assert torch.equal(ours(images), theirs(images))
    assert torch.equal(ours.pooled(images), theirs.forward_features(images).mean((2, 3)))
    assert ours.pooled(images).std() > 0


@torch.no_grad()
def test_folding_the_norms_keeps_the_function(networks: tuple[EfficientNetLite0, torch.nn.Module]) -> None:
    ours, _ = networks
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    before = ours(images)
    folded = EfficientNetLite0()
    folded.load_state_dict(ours.state_dict())
    folded = folded.eval().folded()
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    torch.testing.assert_close(folded(images), before, rtol=1e-4, atol=1e-5)


def test_the_default_extractor_does_without_timm_whose_import_takes_seconds() -> None:
    script = "import sys, vigan.features.efflite; print('timm' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
