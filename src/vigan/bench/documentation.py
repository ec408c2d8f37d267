"""The parts of docs that are made from records and study files: `python -m vigan.bench.documentation`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vigan.bench import study_tables, tables, tool_tables
from vigan.bench.plots import RECORDS
from vigan.config.claims import Untested
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.io.benchmark_records import newest
from vigan.io.files import write_text
from vigan.tools.verdict_table import kept

PAGE = Path("docs/statistics.md")
METRICS_PAGE = Path("docs/metrics.md")
PARTS_OF_STUDIES = {
    Path("docs/performance.md"): ("rounding", {"rounding": study_tables.rounding}),
    Path("docs/divergence.md"): ("divergence", {"divergence": study_tables.divergence, "steps": study_tables.steps}),
}
"""Pages with parts that are made from the newest record of one benchmark: its name, and each part's table."""
TABLES = {
    "false verdicts": tables.false_verdicts, "accuracy": tables.accuracy, "processes": tables.processes,
    "sizes": tables.sizes, "attacks": tables.attacks, "coverage": tables.coverage, "power": tables.power,
}  # fmt: skip


def filled(text: str, root: Path) -> str:
    """The page with every part between `<!-- title -->` and `<!-- end -->` made again, from what `root` keeps."""
    return with_parts(text, made(newest(root / RECORDS, "calibration"), kept_studies(root)))


def with_parts(text: str, parts: Mapping[str, str]) -> str:
    """A page with the parts between `<!-- title -->` and `<!-- end -->` in the place of those that were there."""
    return re.sub(
        r"<!-- ([a-z ]+) -->\n(?:.*?\n)??<!-- end -->",
        lambda found: f"<!-- {found[1]} -->\n{parts[found[1]]}\n<!-- end -->",
        text,
        flags=re.DOTALL,
    )


def made(record: Mapping[str, Any], studies: Sequence[Study]) -> dict[str, str]:
    """Every generated part by its title."""
    return {title: table(record) for title, table in TABLES.items()} | {"multiplicity": multiplicity(studies)}


def kept_studies(root: Path) -> list[Study]:
    """The studies whose results are in the repository."""
    return [load_study(root / "config" / f"{name}.yaml") for name in kept(root / "results")]


def multiplicity(studies: Sequence[Study]) -> str:
    """How many claims the studies test, and how many false verdicts that may bring."""
    counts = [sum(not isinstance(claim, Untested) for claim in study.claims) for study in studies]
    several = [count for count in counts if count]
    alpha = max(claim.alpha for study in studies for claim in study.claims if not isinstance(claim, Untested))
    expected, chance = len(several) * alpha, 1 - (1 - alpha) ** len(several)
    return (
        f"{len(several)} kept studies test {sum(several)} claims. At most {expected:.2f} of these studies are expected "
        'to hold a false\n"supported", and likewise a false "contradicted" or "equivalent"; if they are '
        f"independent, the\nchance that at least one of them holds a false verdict of a given kind is at most "
        f"{math.ceil(100 * chance)}%. These bounds are those of rules\nfixed before the data; most of the kept "
        "ones were\nrewritten after their runs, so that here they are nominal."
    )


def main() -> None:
    """Write every page with its parts made again."""
    write_text(PAGE, filled(PAGE.read_text(encoding="utf-8"), Path()))
    tools = tool_tables.parts(newest(RECORDS, "witness"), newest(RECORDS, "bias"))
    write_text(METRICS_PAGE, with_parts(METRICS_PAGE.read_text(encoding="utf-8"), tools))
    for page in PARTS_OF_STUDIES:
        write_text(page, with_study(page, Path()))


def with_study(page: Path, root: Path) -> str:
    """A page of `PARTS_OF_STUDIES` with its parts made again, from what `root` keeps."""
    name, made_of = PARTS_OF_STUDIES[page]
    record = newest(root / RECORDS, name)
    parts = {title: table(record) for title, table in made_of.items()}
    return with_parts((root / page).read_text(encoding="utf-8"), parts)


if __name__ == "__main__":
    main()
