"""Numbers of what was there before, taken for numbers of what is there now; and work done again that was done."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from studies import TINY, forge, run_to_tables

from vigan.cli.parser import main
from vigan.config.datasets import ImageFolder
from vigan.config.load import load_study
from vigan.data.identity import find
from vigan.data.prepare import prepare
from vigan.evaluation.anybody import measure_images
from vigan.evaluation.request import Request
from vigan.layout import Layout
from vigan.stages.settle import settle

from . import Report

RUN = Path("results/tiny/runs/plain/released/seed-1")


def _of_replaced_reference(folder: Path) -> object:
    """Whether images are measured against a reference as it is now, though features of an earlier one are kept."""
    draw = np.random.default_rng(0)
    images, first, second = draw.integers(0, 256, (3, 20, 3, 16, 16), dtype=np.uint8)
    np.save(folder / "images.npy", images)

    def measured(reference: np.ndarray, cache: str) -> object:
        np.save(folder / "reference.npy", reference)
        files = folder / "images.npy", folder / "reference.npy"
        return measure_images(Request(*files, "efflite0-128", "cpu", folder / cache))

    return measured(first, "kept") != measured(second, "kept") == measured(second, "empty")


def _is_prepared_anew(change: Callable[[Path], object]) -> Callable[[Path], object]:
    """Whether a prepared folder of images counts as another data set after a change."""

    def found(folder: Path) -> object:
        images = folder / "images"
        images.mkdir()
        for number, picture in enumerate(np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), dtype=np.uint8)):
            Image.fromarray(picture).save(images / f"{number}.png")
        dataset = ImageFolder(source="folder", path="images", side=32)
        before = find(dataset, None, Path("data"))
        prepare(dataset, Path("data") / before.key, source=before)
        change(images)
        return find(dataset, None, Path("data")).key != before.key

    return found


def _replace(images: Path) -> None:
    Image.new("RGB", (16, 16), "red").save(images / "0.png")


def _finish(folder: Path) -> Path:
    """The tiny study up to its tables in a folder of its own."""
    file = folder / "made" / "study.yaml"
    file.parent.mkdir()
    file.write_text(TINY)
    run_to_tables(file)
    return file.parent


def _made_again_after(spoil: Callable[[Path], object]) -> Callable[[Path], object]:
    """Runs that would be trained again where a copy's times are those of copying and Snakemake remembers nothing."""

    def found(folder: Path) -> object:
        copy = Path(shutil.copytree(_finish(folder), folder / "copy", copy_function=shutil.copyfile))
        for number, path in enumerate(sorted(copy.rglob("*"), reverse=True)):
            os.utime(path, (10**9 + number, 10**9 + number))
        spoil(copy)
        with contextlib.chdir(copy):
            layout = Layout(load_study(Path("study.yaml")))
            settle(layout, [], [])
            inputs = [
                *Path("data").rglob("array.npy"),
                *Path("data").rglob("manifest.json"),
                *layout.results.glob("specs/*"),
            ]
            newest = max(path.stat().st_mtime_ns for path in inputs)
            outputs = [
                run.folder / name for run in layout.run_files() for name in ("run.json", "telemetry.csv", "snapshots")
            ]
            return [str(path) for path in outputs if path.stat().st_mtime_ns < newest]

    return found


def _of_two_data_sets(folder: Path) -> object:
    """What `vigan analyse` says of runs that were trained on different data."""
    made = _finish(folder)
    forge(made / RUN / "run.json", data_sha256="0" * 64)
    told = io.StringIO()
    with contextlib.chdir(made), contextlib.redirect_stderr(told):
        code = main(["analyse", "--config", "study.yaml"])
    return code, "trained on other data" in told.getvalue()


REPORTS = [
    Report(
        "NVlabs/stylegan3#174",
        "images were prepared anew, and the features of the wrong ones lived on in a cache",
        _of_replaced_reference,
        True,
    ),
    Report(
        "snakemake/snakemake#2011",
        "an input changed, and what was made of it is taken for up to date",
        _is_prepared_anew(_replace),
        True,
    ),
    Report(
        "treeverse/dvc#491",
        "a folder in which nothing changed is taken for changed",
        _is_prepared_anew(lambda images: [os.utime(path) for path in images.iterdir()]),
        False,
    ),
    Report(
        "kwotsin/mimicry#33",
        "scores against different real images are put side by side",
        _of_two_data_sets,
        (1, True),
    ),
    Report(
        "emanuega/MERlin#44",
        "results copied to another place are all made again, for their times are in another order",
        _made_again_after(lambda copy: None),
        [],
    ),
    Report(
        "aomlomics/tourmaline#98",
        "after cp -r to a new folder, and a change of a late step, the long early steps are done again",
        _made_again_after(lambda copy: (copy / "study.yaml").write_text(TINY.replace("samples: 500", "samples: 400"))),
        [],
    ),
    Report(
        "Reed-CompBio/spras#365",
        "in a new environment one deleted late file makes everything before it be made again",
        _made_again_after(lambda copy: (copy / "results/tiny/tables/summary.csv").unlink()),
        [],
    ),
]
