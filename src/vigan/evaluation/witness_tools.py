"""Other tools' own code on the same images: run by the Python that has the tool, `python witness_tools.py QUESTION`.

This file imports nothing of vigan. QUESTION is a JSON file that `vigan.evaluation.witness` writes; the answer, numbers
by name, is written where it says. What is the tool's and what is put into it is said at each function: the network,
always, as TorchScript from images (n, 3, side, side) in [0, 255] to features (n, d).
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import json
import shutil
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

Question = dict[str, Any]
Answer = dict[str, float]


def clean_fid(asked: Question) -> Answer:
    """clean-fid's `compute_fid` and `kernel_distance` on its own reading and resizing of the files.

    Its resizer is made for the network's side where that is not 299. Its `sqrtm(disp=False)` is what SciPy 1.18 no
    longer has; it is given SciPy's own `sqrtm`, called without.
    """
    import cleanfid
    from cleanfid import fid
    from cleanfid.resize import make_resizer

    network, side = _network(asked), asked["side"]
    fid.linalg = _with_disp(fid.linalg.sqrtm)
    fid.build_feature_extractor = lambda *_, **__: network
    resize = make_resizer("PIL", False, "bicubic", (side, side))
    options = {"num_workers": 0, "batch_size": 16, "device": _cpu(), "verbose": False}
    files = [asked["reference"], asked["images"]]
    real, fake = (fid.get_folder_features(f, network, custom_fn_resize=resize, **options) for f in files)
    np.random.seed(0)
    answer = {"frechet": fid.fid_from_feats(real, fake), "kid_mean": fid.kernel_distance(real, fake)}
    answer["kid_of_all"] = fid.kernel_distance(real, fake, 1, min(len(real), len(fake)))
    if asked.get("exchange"):
        folder = Path(asked["exchange"])
        (folder / "stats").mkdir()
        cleanfid.__file__ = str(folder / "__init__.py")  # where it looks for statistics
        fid.make_custom_stats("theirs", asked["reference"], **options)
        shutil.copy(folder / "stats" / "theirs_clean_custom_na.npz", folder / "theirs.npz")
        shutil.copy(folder / "ours.npz", folder / "stats" / "ours_clean_custom_na.npz")
        named = {"dataset_name": "ours", "dataset_res": "na", "dataset_split": "custom"}
        answer["frechet_by_ours"] = fid.compute_fid(asked["images"], mode="clean", **named, **options)
    return answer


def pytorch_fid(asked: Question) -> Answer:
    """pytorch-fid's `calculate_fid_given_paths`: its own reading of the files and its arithmetic.

    Its `InceptionV3` is replaced by a module that resizes as that does (bilinear, not antialiased) and calls the
    network.
    """
    import torch
    from pytorch_fid import fid_score

    network, side, width = _network(asked), asked["side"], asked["dimension"]

    class Replaced(torch.nn.Module):
        BLOCK_INDEX_BY_DIM: ClassVar = {width: 0}

        def __init__(self, _: object) -> None:
            super().__init__()

        def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
            resized = torch.nn.functional.interpolate(images, (side, side), mode="bilinear", align_corners=False)
            return [network(255 * resized)[:, :, None, None]]

    fid_score.InceptionV3 = Replaced
    fid_score.linalg = _with_disp(fid_score.linalg.sqrtm)
    more = {"batch_size": 16, "device": "cpu", "dims": width, "num_workers": 0}
    answer = {"frechet": fid_score.calculate_fid_given_paths([asked["reference"], asked["images"]], **more)}
    if asked.get("exchange"):
        folder = Path(asked["exchange"])
        fid_score.save_fid_stats([asked["reference"], str(folder / "theirs.npz")], **more)
        answer["frechet_by_ours"] = fid_score.calculate_fid_given_paths(
            [str(folder / "ours.npz"), asked["images"]], **more
        )
    return answer


def torch_fidelity(asked: Question) -> Answer:
    """torch-fidelity's `calculate_metrics`: its own reading of the files, caches and arithmetic.

    A feature extractor is registered that resizes as its Inception does (bilinear as TensorFlow 1 has it) and calls the
    network.
    """
    import torch
    from torch_fidelity import calculate_metrics, register_feature_extractor
    from torch_fidelity.feature_extractor_base import FeatureExtractorBase
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x as bilinear

    network, side = _network(asked), asked["side"]

    class Registered(FeatureExtractorBase):
        def __init__(self, name: str, features_list: list[str], **_: object) -> None:
            super().__init__(name, features_list)

        @staticmethod
        def get_provided_features_list() -> tuple[str, ...]:
            return ("features",)

        @staticmethod
        def get_default_feature_layer_for_metric(_: str) -> str:
            return "features"

        @staticmethod
        def can_be_compiled() -> bool:
            return False

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return (network(bilinear(images.float(), size=(side, side), align_corners=False)),)

    register_feature_extractor("given", Registered)
    files = {
        "input1": asked["images"], "input1_cache_name": "images", "input2": asked["reference"],
        "samples_find_deep": True, "cache": True, "cache_root": str(Path(asked["network"]).with_name("cache")),
    }  # fmt: skip
    options = {"cuda": False, "verbose": False, "feature_extractor": "given", "batch_size": 16, "save_cpu_ram": True}
    named, least = {"input2_cache_name": "reference"}, asked["least"]
    found = calculate_metrics(
        **files, **named, **options, fid=True, kid=True, prc=True, kid_subset_size=min(1000, least)
    )
    alone = calculate_metrics(**files, **named, **options, kid=True, kid_subset_size=least, kid_subsets=1)
    answer = {
        "frechet": found["frechet_inception_distance"], "kid_mean": found["kernel_inception_distance_mean"],
        "kid_of_all": alone["kernel_inception_distance_mean"],
        "precision": found["precision"], "recall": found["recall"],
    }  # fmt: skip
    if asked.get("exchange"):
        folder, cache = Path(asked["exchange"]), Path(files["cache_root"])
        shutil.copy(cache / "reference-given-stat-fid-features.pt", folder / "theirs.pt")
        shutil.copy(folder / "ours.pt", cache / "ours-given-stat-fid-features.pt")
        by_ours = calculate_metrics(**files, input2_cache_name="ours", **options, fid=True)
        answer["frechet_by_ours"] = by_ours["frechet_inception_distance"]
    return answer


def prdc(asked: Question) -> Answer:
    """Prdc's `compute_prdc`, of features that it is given: it reads no images. Its k is one for all four numbers."""
    from prdc import compute_prdc

    features = np.load(asked["features"])
    three, five = (compute_prdc(features["real"], features["fake"], k) for k in (3, 5))
    found = {name: three[name] for name in ("precision", "recall")} | {n: five[n] for n in ("density", "coverage")}
    return {name: float(value) for name, value in found.items()}


TOOLS: dict[str, Callable[[Question], Answer]] = {
    "clean-fid": clean_fid, "pytorch-fid": pytorch_fid, "torch-fidelity": torch_fidelity, "prdc": prdc,
}  # fmt: skip


MODULES = {
    "clean-fid": "cleanfid.fid", "pytorch-fid": "pytorch_fid.fid_score", "torch-fidelity": "torch_fidelity",
    "prdc": "prdc",
}  # fmt: skip
"""What is imported of each tool."""


def _network(asked: Question) -> Any:
    import torch

    torch.set_num_threads(asked["threads"])
    return torch.jit.load(asked["network"]).eval()


def _cpu() -> Any:
    import torch

    return torch.device("cpu")


def _with_disp(sqrtm: Callable[..., Any]) -> SimpleNamespace:
    """A `linalg` whose `sqrtm(disp=False)` is a pair, as before SciPy 1.18."""
    return SimpleNamespace(sqrtm=lambda matrix, disp=True: sqrtm(matrix) if disp else (sqrtm(matrix), None))


def main() -> None:
    """Answer one question; of a question without images only import the tool."""
    warnings.simplefilter("ignore")
    asked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if "images" not in asked:
        import_module(MODULES[asked["tool"]])
        return
    numbers = {name: float(value) for name, value in TOOLS[asked["tool"]](asked).items()}
    answer = {"version": version(asked["tool"]), "numpy": version("numpy"), "numbers": numbers}
    Path(asked["answer"]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
