"""The arguments of the commands that measure images: `vigan evaluate`, `vigan statistics`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from vigan.cli import images, pipeline
from vigan.cli.arguments import add_images, add_place
from vigan.cli.options import from_one, reals, whole

GALLERY = "a folder or zip of images, a prepared data set, .npy (uint8, n x 4 axes) or .npz (arr_0)"


def add_measuring(stage: Callable[..., argparse.ArgumentParser]) -> None:
    """Add `evaluate`, of a run or of your own images, and `statistics`, of images."""
    evaluate = stage(pipeline.evaluate, "measure all snapshots of one run; or, with --images, your own images")
    evaluate.add_argument("--arm", help="with --seed: the run of the study")
    evaluate.add_argument("--seed", type=whole, help="with --arm: its seed")
    add_place(evaluate)
    own_images = evaluate.add_argument_group("your own images, without a study (prints JSON)")
    own_images.add_argument("--images", type=Path, help=f"generated images: {GALLERY}")
    text = "real images to compare with: the same, or a file of statistics or features (.npz, .npy, .pt)"
    own_images.add_argument("--reference", type=Path, help=text)
    own_images.add_argument("--samples", type=from_one, metavar="N", help="generated images to use (default: all)")
    text = "reference images to use: all (default; as clean-fid does), equal (as many as generated ones), or a number"
    own_images.add_argument("--reals", type=reals, metavar="N", help=text)
    own_images.add_argument("--made-with", metavar="EXTRACTOR", help="what a file that does not say was made with")
    own_images.add_argument("--made-of", metavar="N", help="of how many images a file is that does not say, or unknown")
    text = "let another tool's own code measure the same images: clean-fid, or TOOL=PYTHON by a Python that has it"
    own_images.add_argument("--witness", action="append", default=[], metavar="TOOL", help=text)
    text = "fit the Fréchet distance of infinitely many images, too (Chong and Forsyth 2020), and show the fit"
    own_images.add_argument("--infinity", action="store_true", help=text)
    add_images(own_images)

    statistics = stage(images.statistics, "write the statistics of images: what a reference needs", study=False)
    statistics.add_argument("images", type=Path, metavar="IMAGES", help=GALLERY)
    text = ".npz, or .pt, torch-fidelity's; clean-fid, pytorch-fid and torch-fidelity read those of inception-clean"
    statistics.add_argument("-o", "--out", type=Path, required=True, help=text)
    statistics.add_argument("--features", action="store_true", help="keep the features: all metrics need them (.npz)")
    add_images(statistics)
    add_place(statistics)
