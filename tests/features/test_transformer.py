"""DINOv2 and CLIP by stand-ins of their shape, written out by hand under the names of the published files."""

from __future__ import annotations

import hashlib
import math
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms import v2

from vigan.features.clip import OPENAI, ClipL14
from vigan.features.dinov2 import DINOV2, DinoV2
from vigan.features.pillow_uint8 import CLIP, IMAGENET
from vigan.features.weights import Archive
from vigan.io.files import RecordError

WIDTH, DEPTH, HEADS, PATCH, EMBEDDING = 32, 2, 2, 14, 24
SIZES: dict[str, int] = {"embed_dim": WIDTH, "depth": DEPTH, "num_heads": HEADS}


class SmallDinoV2(DinoV2):
    sizes: ClassVar = {**SIZES, "num_classes": 0}


class SmallClip(ClipL14):
    sizes: ClassVar = {**SIZES, "num_classes": EMBEDDING}


def _draws(seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(*shape, generator=generator) / 4


def _dino_tensors() -> dict[str, Tensor]:
    """Tensors by the names of Meta's file."""
    draw = _draws(0)
    tensors = {
        "cls_token": draw(1, 1, WIDTH), "pos_embed": draw(1, 1 + 37 * 37, WIDTH), "mask_token": draw(1, WIDTH),
        "patch_embed.proj.weight": draw(WIDTH, 3, PATCH, PATCH) / 8, "patch_embed.proj.bias": draw(WIDTH),
        "norm.weight": draw(WIDTH), "norm.bias": draw(WIDTH),
    }  # fmt: skip
    for block in (f"blocks.{index}" for index in range(DEPTH)):
        tensors |= {
            f"{block}.{name}": draw(*shape)
            for name, shape in {
                "norm1.weight": (WIDTH,), "norm1.bias": (WIDTH,), "attn.qkv.weight": (3 * WIDTH, WIDTH),
                "attn.qkv.bias": (3 * WIDTH,), "attn.proj.weight": (WIDTH, WIDTH), "attn.proj.bias": (WIDTH,),
                "ls1.gamma": (WIDTH,), "norm2.weight": (WIDTH,), "norm2.bias": (WIDTH,),
                "mlp.fc1.weight": (4 * WIDTH, WIDTH), "mlp.fc1.bias": (4 * WIDTH,),
                "mlp.fc2.weight": (WIDTH, 4 * WIDTH), "mlp.fc2.bias": (WIDTH,), "ls2.gamma": (WIDTH,),
            }.items()
        }  # fmt: skip
    return tensors


class Tower(nn.Module):
    """The image tower of CLIP as OpenAI's archive names its parts, without its own forward."""

    def __init__(self) -> None:
        super().__init__()
        draw = _draws(1)
        self.class_embedding, self.proj = nn.Parameter(draw(WIDTH)), nn.Parameter(draw(WIDTH, EMBEDDING))
        self.positional_embedding = nn.Parameter(draw(1 + 24 * 24, WIDTH))
        self.conv1 = nn.Conv2d(3, WIDTH, PATCH, PATCH, bias=False)
        self.ln_pre, self.ln_post = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList(Block() for _ in range(DEPTH))

    def forward(self, x: Tensor) -> Tensor:
        return x


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn = nn.MultiheadAttention(WIDTH, HEADS)
        self.mlp = nn.Module()
        self.mlp.c_fc, self.mlp.c_proj = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return x


class Clip(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.visual, self.logit_scale = Tower(), nn.Parameter(torch.ones([]))

    def forward(self, x: Tensor) -> Tensor:
        return x


def _archive(path: Path, of: Archive) -> Archive:
    content = path.read_bytes()
    return Archive(str(path), len(content), hashlib.sha256(content).hexdigest(), of.setting)


@pytest.fixture(scope="module")
def dinov2(tmp_path_factory: pytest.TempPathFactory) -> SmallDinoV2:
    path = tmp_path_factory.mktemp("weights") / DINOV2.name
    torch.save(_dino_tensors(), path)
    return SmallDinoV2(weights=path, archive=_archive(path, DINOV2))


@pytest.fixture(scope="module")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / OPENAI.name
    with torch.random.fork_rng(), warnings.catch_warnings(action="ignore"):
        torch.manual_seed(2)
        torch.jit.save(torch.jit.script(Clip().half().eval()), path)
    return path


@pytest.fixture(scope="module")
def clip(clip_file: Path) -> SmallClip:
    return SmallClip(weights=clip_file, archive=_archive(clip_file, OPENAI))


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("VIGAN_DINOV2", "VIGAN_CLIP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VIGAN_CACHE", str(tmp_path))


def _images(height: int = 40, width: int = 52, n: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(height).integers(0, 256, (n, 3, height, width), dtype=np.uint8)


def _norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + eps).sqrt() * weight + bias


def _attention(x: Tensor, into: tuple[Tensor, Tensor], out: tuple[Tensor, Tensor]) -> Tensor:
    """Heads one by one: softmax(q k^T / sqrt(d)) v."""
    q, k, v = (x @ into[0].T + into[1]).split(WIDTH, dim=-1)
    size = WIDTH // HEADS
    heads = []
    for start in range(0, WIDTH, size):
        part = slice(start, start + size)
        shares = torch.softmax(q[..., part] @ k[..., part].mT / math.sqrt(size), dim=-1)
        heads.append(shares @ v[..., part])
    return torch.cat(heads, -1) @ out[0].T + out[1]


def _patches(x: Tensor, weight: Tensor) -> Tensor:
    """Products (n, patches, width) of each patch, row by row, with the kernel."""
    return functional.unfold(x, PATCH, stride=PATCH).mT @ weight.flatten(1).T


def _dino_by_hand(x: Tensor) -> Tensor:
    t = {name: tensor.double() for name, tensor in _dino_tensors().items()}
    tokens = _patches(x, t["patch_embed.proj.weight"]) + t["patch_embed.proj.bias"]
    trained = t["pos_embed"][0, 1:].reshape(37, 37, WIDTH).permute(2, 0, 1)[None]
    scale = 16.1 / 37
    placed = functional.interpolate(trained, scale_factor=(scale, scale), mode="bicubic")[0].flatten(1).T
    first = (t["cls_token"][0] + t["pos_embed"][0, :1]).expand(len(x), 1, WIDTH)
    tokens = torch.cat([first, tokens + placed], 1)
    for index in range(DEPTH):
        b = {name.removeprefix(f"blocks.{index}."): tensor for name, tensor in t.items()}
        seen = _norm(tokens, b["norm1.weight"], b["norm1.bias"], 1e-6)
        into, out = (b["attn.qkv.weight"], b["attn.qkv.bias"]), (b["attn.proj.weight"], b["attn.proj.bias"])
        tokens = tokens + b["ls1.gamma"] * _attention(seen, into, out)
        hidden = _norm(tokens, b["norm2.weight"], b["norm2.bias"], 1e-6) @ b["mlp.fc1.weight"].T + b["mlp.fc1.bias"]
        hidden = hidden * (1 + torch.erf(hidden / math.sqrt(2))) / 2
        tokens = tokens + b["ls2.gamma"] * (hidden @ b["mlp.fc2.weight"].T + b["mlp.fc2.bias"])
    return _norm(tokens[:, 0], t["norm.weight"], t["norm.bias"], 1e-6)


def _clip_by_hand(x: Tensor, file: Path) -> Tensor:
    with warnings.catch_warnings(action="ignore"):
        tensors = torch.jit.load(file).state_dict()
    t = {name.removeprefix("visual."): tensor.double() for name, tensor in tensors.items()}
    tokens = torch.cat([t["class_embedding"].expand(len(x), 1, WIDTH), _patches(x, t["conv1.weight"])], 1)
    tokens = _norm(tokens + t["positional_embedding"], t["ln_pre.weight"], t["ln_pre.bias"], 1e-5)
    for index in range(DEPTH):
        b = {name.removeprefix(f"transformer.resblocks.{index}."): tensor for name, tensor in t.items()}
        seen = _norm(tokens, b["ln_1.weight"], b["ln_1.bias"], 1e-5)
        into = (b["attn.in_proj_weight"], b["attn.in_proj_bias"])
        tokens = tokens + _attention(seen, into, (b["attn.out_proj.weight"], b["attn.out_proj.bias"]))
        hidden = _norm(tokens, b["ln_2.weight"], b["ln_2.bias"], 1e-5) @ b["mlp.c_fc.weight"].T + b["mlp.c_fc.bias"]
        hidden = hidden * torch.sigmoid(1.702 * hidden)
        tokens = tokens + hidden @ b["mlp.c_proj.weight"].T + b["mlp.c_proj.bias"]
    found = _norm(tokens[:, 0], t["ln_post.weight"], t["ln_post.bias"], 1e-5) @ t["proj"]
    return found / found.norm(dim=1, keepdim=True)


def _as_in_a_file(images: NDArray[np.uint8], steps: v2.Compose) -> Tensor:
    """The input as torchvision makes it of Pillow's images, float64."""
    pictures = [Image.fromarray(np.moveaxis(image, 0, 2)) for image in images]
    return torch.stack([steps(picture) for picture in pictures]).double()


def _steps(side: int, normal: tuple[tuple[float, ...], tuple[float, ...]], *first: nn.Module) -> v2.Compose:
    resize = v2.Resize((side, side), v2.InterpolationMode.BICUBIC)
    scale = v2.ToDtype(torch.float32, scale=True)
    return v2.Compose([*first, resize, v2.ToImage(), scale, v2.Normalize(*map(list, normal))])


def test_dinov2_is_its_paper_s_network_on_the_input_of_stein_et_al(dinov2: SmallDinoV2) -> None:
    expected = _dino_by_hand(_as_in_a_file(_images(), _steps(224, IMAGENET)))
    assert expected.std(0).max() > 0.01
    np.testing.assert_allclose(dinov2(_images()), expected, rtol=0, atol=2e-5)


def test_clip_is_openai_s_tower_on_the_middle_square(clip: SmallClip, clip_file: Path) -> None:
    expected = _clip_by_hand(_as_in_a_file(_images(), _steps(336, CLIP, v2.CenterCrop(40))), clip_file)
    assert expected.std(0).max() > 0.005
    np.testing.assert_allclose(clip(_images()), expected, rtol=0, atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(clip(_images()), axis=1), 1, rtol=1e-6)


def test_grey_is_the_same_as_grey_repeated_and_sizes_may_differ(dinov2: SmallDinoV2) -> None:
    grey = _images()[:, :1]
    np.testing.assert_array_equal(dinov2(grey), dinov2(grey.repeat(3, axis=1)))
    two = [_images()[0], _images(90, 30)[0]]
    alone = np.concatenate([dinov2(one[None]) for one in two])
    np.testing.assert_allclose(dinov2(two), alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("extractor", "archive"), [(DinoV2, DINOV2), (ClipL14, OPENAI)])
def test_other_weights_are_refused_before_torch_sees_them(
    extractor: Any, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "weights.pt"
    other.write_bytes(b"others")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("torch has read the file"))
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("torch has read the file"))
    monkeypatch.setenv(archive.variable, str(other))
    with pytest.raises(RecordError, match=f"weights.pt: SHA-256 .*, expected {archive.sha256}; name {archive.name}"):
        extractor()
    monkeypatch.setenv(archive.variable, str(tmp_path / "absent"))
    with pytest.raises(RecordError, match=f"no such file; set {archive.variable} to {archive.name}"):
        extractor()


def test_the_digest_of_openai_s_archive_is_part_of_its_address() -> None:
    assert OPENAI.url.split("/")[-2] == OPENAI.sha256
