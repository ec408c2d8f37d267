"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from pathlib import Path

from vigan.cli.options import EXTRACTOR, device, from_one, side, threads
from vigan.protocols.registry import KINDS
from vigan.runtime.cores import cores
from vigan.runtime.settings import switched_on

DEVICES = "auto (default: a GPU where there is one), cpu, cuda, cuda:1, ..."


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add where a command measures, and by how many threads."""
    add_device(parser)
    text = "snapshots measured at a time, or threads of a CPU (default: its cores)"
    parser.add_argument("--threads", type=threads, default=cores(), help=text)


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add the device."""
    parser.add_argument("--device", type=device, default="auto", help=DEVICES)


def add_images(parser: argparse._ActionsContainer) -> None:
    """Add by what images are measured, and what is done to them first."""
    known = ", ".join(name for name, kind in KINDS.items() if kind.extractor and name == kind.network)
    parser.add_argument("--extractor", help=f"default: {EXTRACTOR}; known: {known}")
    text = "middle square of so many pixels, cut out of image files (default: all of an image)"
    parser.add_argument("--crop", type=from_one, metavar="PIXELS", help=text)
    text = "make squares of that side first, rounded to 8 bits (default: as the extractor does, clean-fid's way)"
    parser.add_argument("--resize", type=side, metavar="SIDE", help=text)


def add_celeba(parser: argparse.ArgumentParser) -> None:
    """Add where CelebA is, or that it may be fetched."""
    parser.add_argument("--celeba", type=Path, help="img_align_celeba.zip or a folder (default: VIGAN_CELEBA)")
    parser.add_argument(
        "--download", action="store_true", default=switched_on("download"), help="fetch what is missing (CelebA, MNIST)"
    )
