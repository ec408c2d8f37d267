"""The GPU that a command runs on: a free slot's, or none where it would gain nothing."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable

from vigan.runtime.gpu_slots import Work, reserve_gpu

Command = Callable[[argparse.Namespace], None]


def with_gpu(work: Work, gains: Callable[[argparse.Namespace], bool]) -> Callable[[Command], Command]:
    """Commands run, unless their device is named, on the GPU of a free slot for `work`, or on the CPU if none gains."""

    def with_slot(command: Command) -> Command:
        @functools.wraps(command)
        def run(options: argparse.Namespace) -> None:
            if options.device == "auto" and not gains(options):
                options.device = "cpu"
            if options.device != "auto":
                return command(options)
            with reserve_gpu(work):
                return command(options)

        return run

    return with_slot
