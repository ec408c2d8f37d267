"""Commands of `vigan` on your own images, without a study."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from vigan.cli.options import EXTRACTOR
from vigan.cli.process import quick_imports
from vigan.cli.slots import with_gpu
from vigan.errors import say
from vigan.runtime.settings import cache_folder

if TYPE_CHECKING:
    from vigan.data.load_images import Fitting


def evaluate_images(options: argparse.Namespace) -> None:
    """Measure images against a reference."""
    with quick_imports():
        from vigan.evaluation.anybody import measure_images
        from vigan.evaluation.request import Request
        from vigan.evaluation.witness import Witness
        from vigan.training.device import calculate_in_float32, pick_device
    calculate_in_float32(options.threads)
    request = Request(
        images=options.images, reference=options.reference, extractor=options.extractor or EXTRACTOR,
        samples=options.samples, reals=options.reals or "all", fitting=_fitting(options), made_with=options.made_with,
        made_of=options.made_of, infinity=options.infinity,
        witnesses=tuple(Witness.named(text) for text in options.witness),
        device=str(pick_device(options.device)), cache=cache_folder(),
    )  # fmt: skip
    print(json.dumps(measure_images(request), indent=2, allow_nan=False))


@with_gpu("eval", lambda _: True)
def statistics(options: argparse.Namespace) -> None:
    """Write what a reference of your own images is compared by."""
    with quick_imports():
        from vigan.data.load_images import open_gallery
        from vigan.evaluation.anybody import statistics_of
        from vigan.evaluation.statistics import check_place, check_use, write_statistics
        from vigan.features.extractors import make_extractor
        from vigan.training.device import calculate_in_float32, pick_device
    extractor, fitting = options.extractor or EXTRACTOR, _fitting(options)
    check_place(options.out, with_features=options.features)
    check_use(extractor, with_features=options.features)
    calculate_in_float32(options.threads)
    device = str(pick_device(options.device))
    gallery = open_gallery(options.images, fitting)
    found = statistics_of(gallery, make_extractor(extractor, device), fitting)
    write_statistics(options.out, found, with_features=options.features)
    if gallery.left_out:
        say(f"{options.images}: {gallery.left_out}", sys.stderr)
    print(json.dumps(found.made._asdict(), indent=2))


def _fitting(options: argparse.Namespace) -> Fitting:
    from vigan.data.load_images import Fitting

    return Fitting(options.crop, options.resize)
