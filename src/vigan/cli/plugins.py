"""Commands of `vigan` about plug-ins. Imports are deferred for a fast start."""

from __future__ import annotations

import argparse
import sys

from vigan.errors import say


def plugins(options: argparse.Namespace) -> int:
    """List what plug-ins add; exit code 1 if one of an installed package cannot be used."""
    from vigan.config.load import load_study
    from vigan.config.plugins import use_files
    from vigan.tools.check_plugin import parts

    if options.config is not None:
        load_study(options.config)
    else:
        use_files([])
    found = parts()
    if not found:
        beside = f"and {options.config} names none" if options.config else "and --config names no study"
        say(f"no plug-ins: no installed package adds one, {beside}")
    for part in found:
        state = f"broken: {part.broken}" if part.broken else f"code {part.digest[:12]}"
        say(f"{part.sort:<10}  {part.name:<24}  {part.module:<36}  {state}")
    return 1 if any(part.broken for part in found) else 0


def check(options: argparse.Namespace) -> int:
    """Hold a plug-in to what this package's own parts are held to; exit code 1 if a promise is not kept."""
    from vigan.tools.check_plugin import check

    failed = False
    for part, results in check(options.plugin):
        say(f"{part.sort} '{part.name}', code {part.digest[:12]}")
        for promise, failure in results:
            say(f"  failed  {promise}: {failure}" if failure else f"  ok      {promise}")
            failed |= bool(failure)
    if failed:
        say("vigan: a promise is not kept", sys.stderr)
    return 1 if failed else 0
