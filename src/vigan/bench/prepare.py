"""Speed and memory of preparing a CelebA archive, against one process of plain Pillow."""

from __future__ import annotations

import io
import resource
import tempfile
import zipfile
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from vigan.bench.record import Measurement, processor
from vigan.bench.timing import interleaved, medians
from vigan.config.datasets import CelebA
from vigan.data.prepare import prepare

WORKERS = 2
COUNTS = {False: 60_000, True: 2_000}
"""Of CelebA's 202,599 images: enough that starting the workers, about a second, hardly affects the rate."""
MADE = 64
FACES = {
    "released": CelebA(source="celeba", resize="released"),
    "antialias": CelebA(source="celeba", resize="antialias"),
}


def measure(quick: bool) -> Measurement:
    """Images a second by `vigan prepare` with 2 processes and by plain Pillow, their ratio, and peak memory.

    "halves" is plain Pillow in two processes, half the archive each: it shows what a second core gains.
    """
    count = COUNTS[quick]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        archive = _archive(root / "img_align_celeba.zip", count)
        paths: dict[str, Callable[[], None]] = {
            "plain": lambda: _plainly(archive, range(count)),
            "halves": lambda: _in_halves(archive, count),
        }
        for name, dataset in FACES.items():
            paths[name] = lambda name=name, dataset=dataset: _prepare(dataset, archive, root / name)
        seconds = interleaved(paths, rounds=3)
        peaks = {str(part): _peak(root, part) for part in (count // 4, count)}
    middle = medians(seconds)
    summary = {
        **{f"{name}_ratio": round(middle["plain"] / middle[name], 2) for name in ("halves", *FACES)},
        **{f"{name}_images_per_second": round(count / value) for name, value in middle.items()},
        "peak_mib": peaks,
    }
    return Measurement(processor(), {"images": count, "processes": WORKERS, "quick": quick}, summary, seconds)


def _archive(path: Path, count: int) -> Path:
    """A zip of made-up photographs of CelebA's size and about its bytes per image."""
    rng = np.random.default_rng(0)
    made = [_photograph(rng) for _ in range(MADE)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for index in range(count):
            archive.writestr(f"img_align_celeba/{index + 1:06d}.jpg", made[index % MADE])
    return path


def _photograph(rng: np.random.Generator) -> bytes:
    smooth = Image.fromarray(rng.integers(0, 256, (28, 23, 3), dtype=np.uint8)).resize(
        (178, 218), Image.Resampling.BICUBIC
    )
    noisy = np.asarray(smooth, np.int16) + rng.normal(0, 4, (218, 178, 3)).astype(np.int16)
    stream = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(noisy, 0, 255))).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _plainly(archive: Path, part: range) -> None:
    """The obvious implementation: one process, crop and bicubic resize by Pillow, one array."""
    out = np.empty((len(part), 3, 64, 64), np.uint8)
    with zipfile.ZipFile(archive) as source:
        for index, name in enumerate(sorted(source.namelist())[part.start : part.stop]):
            image = Image.open(io.BytesIO(source.read(name))).convert("RGB").crop((35, 55, 143, 163))
            out[index] = np.asarray(image.resize((64, 64), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
    np.save(archive.with_name(f"plain-{part.start}.npy"), out)


def _in_halves(archive: Path, count: int) -> None:
    with get_context("spawn").Pool(2) as pool:
        pool.starmap(_plainly, [(archive, range(count // 2)), (archive, range(count // 2, count))])


def _prepare(dataset: CelebA, archive: Path, folder: Path) -> None:
    prepare(dataset, folder, celeba=archive, workers=WORKERS)


def _peak(root: Path, count: int) -> int:
    """Peak resident memory (MiB) of a process that alone prepares an archive of `count` images."""
    archive = _archive(root / f"of-{count}.zip", count)
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_here, (archive, root / f"peak-{count}"))


def _peak_here(archive: Path, folder: Path) -> int:
    prepare(FACES["released"], folder, celeba=archive, workers=1)
    return _own_peak()


def _own_peak() -> int:
    """Peak resident memory (MiB) of this process; the kernel's `ru_maxrss` would start from its parent's."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024
