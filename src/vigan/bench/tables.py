"""Records as the Markdown tables of the documentation (a test keeps them equal)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Rows = Sequence[Mapping[str, Any]]

TESTED = ("supported", "contradicted", "equivalent")
TEST_WORDS = {
    "share": "share of an arm", "paired-shares": "paired shares", "paired-sign": "sign", "paired-mean": "mean",
    "paired-time": "time", "family": "six claims together",
}  # fmt: skip
WAY_WORDS = {"fixed": "fixed, judged once", "sequential": "sequential, at n", "peeked": "sequential, peeked at"}
RULE_WORDS = {
    "rare-40": "bad ends in less than 40%", "often-40": "collapse in more than 40%",
    "ends-margin": "fewer bad ends, by 20 points", "ends-zero": "fewer bad ends",
    "collapses-margin": "fewer collapses, by 20 points", "sign-margin": "sign: 1 mode more",
    "mean-margin": "mean: 1 mode more", "time-margin": "collapse later by 10%",
}  # fmt: skip
BOUNDARY_WORDS = {"share": "a share of {:.0%}", "paired-shares": "paired shares that differ by {:+.0%}"}
INTERVALS = {
    "share": "share (Clopper-Pearson)", "share, bets": "share (bets)",
    "difference of paired shares": "difference of paired shares", "mean, bets": "bounded mean (bets)",
    "median": "median (order statistics)", "Kaplan-Meier": "Kaplan-Meier, pointwise",
    "Aalen-Johansen": "Aalen-Johansen, pointwise",
}  # fmt: skip
ATTACKED = (
    ("the regularised arm never learns", ("rare-40", "ends-margin", "collapses-margin")),
    ("80% of plain runs never learn", ("ends-margin", "collapses-margin")),
    ("no run ends badly", ("rare-40", "ends-margin")),
    ("plain runs collapse early", ("often-40", "ends-margin")),
    ("a quarter of the regularised runs collapse", ("rare-40", "ends-margin")),
    ("the regularised arm diverges", ("ends-margin", "collapses-margin")),
    ("4 modes more or 4 fewer, or half of the time as many", ("sign-margin", "mean-margin")),
)
ATTACKED_AT = (8, 32)
FOUND = (
    ("90% against 5% end badly", ("often-40", "rare-40", "ends-margin"), "supported"),
    (
        "80% against 10% end badly",
        ("often-40", "rare-40", "ends-margin", "ends-zero", "sign-margin", "mean-margin", "time-margin"),
        "supported",
    ),
    ("50% against 10% end badly", ("ends-margin", "ends-zero"), "supported"),
    ("10% against 50% end badly", ("ends-margin",), "contradicted"),
    ("5% of either end badly", ("ends-margin",), "equivalent"),
    ("2 modes more, but 20% fail", ("sign-margin",), "supported"),
    ("half a mode more or less", ("sign-margin", "mean-margin"), "equivalent"),
    ("collapse 20% of training later, 10% sooner", ("time-margin",), "supported"),
)
"""Truths, the rules shown for each, and the true verdict."""


def false_verdicts(record: Mapping[str, Any]) -> str:
    """Highest share of studies with a false verdict of each kind over all processes, by rule, way and n."""
    rows, numbers = record["details"]["false_verdicts"], _numbers(record)
    body = [
        [TEST_WORDS[test], WAY_WORDS[way], *(_three(_having(rows, test=test, way=way), n) for n in numbers)]
        for test, way in _distinct(rows, "test", "way")
    ]
    return _markdown(["rule", "sampling", *_heads(numbers)], body)


def _three(rows: Rows, n: str) -> str:
    """The highest share of each kind of verdict; "-" where a rule has no such verdict."""
    found = {kind: max(row[n] for row in _having(rows, verdict=kind)) for kind in TESTED}
    given = {kind: f"{share:.3f}" for kind, share in found.items()}
    return " / ".join([*list(given.values())[:2], "-" if rows[0]["test"] == "share" else given["equivalent"]])


def processes(record: Mapping[str, Any]) -> str:
    """Highest share of studies with a false verdict of any kind, rule and way, by kind of process and n."""
    rows, numbers = record["details"]["false_verdicts"], _numbers(record)
    counts = record["settings"]["processes"]
    body = [
        [group, counts[group], *(f"{max(row[n] for row in _having(rows, group=group)):.3f}" for n in numbers)]
        for (group,) in _distinct(rows, "group")
    ]
    return _markdown(["processes", "how many", *_heads(numbers)], body)


def sizes(record: Mapping[str, Any]) -> str:
    """The largest chance of a false verdict over all processes whose truth is at the boundary, as computed."""
    rows, numbers = record["details"]["sizes"], record["settings"]["numbers"]
    body = [
        [BOUNDARY_WORDS[test].format(at), *(_most(_having(rows, test=test, boundary=at, n=n)) for n in numbers)]
        for test, at in _distinct(rows, "test", "boundary")
    ]
    return _markdown(["boundary", *_heads(numbers)], body)


def _most(rows: Rows) -> str:
    return f"{max(row['size'] for row in rows):.3f}"


def accuracy(record: Mapping[str, Any]) -> str:
    """How many shares the highest false one is chosen from, and the chance of one as high where the truth is alpha."""
    settings, summary = record["settings"], record["summary"]
    highest = max(summary["false_verdicts_highest"].values())
    return (
        f"{summary['cells']:,} shares were simulated, of {settings['studies']:,} studies each. The highest is "
        f"{highest:.4f}; where the chance is exactly\n{settings['alpha']}, one share is as high with a chance of "
        f"{summary['least_p_of_a_cell']:.2g}."
    )


def coverage(record: Mapping[str, Any]) -> str:
    """Lowest coverage of each 95% interval over all distributions, by n."""
    rows, numbers = record["details"]["intervals"], record["settings"]["numbers"]
    body = [[words, *(_least(_having(rows, interval=name, n=n)) for n in numbers)] for name, words in INTERVALS.items()]
    for way, words in WAY_WORDS.items():
        printed = [row for row in rows if row["interval"].endswith(f", {way}")]
        body.append([f"printed with a verdict, {words}", *(_least(_having(printed, n=n)) for n in numbers)])
    return _markdown(["interval", *_heads(numbers)], body)


def _least(rows: Rows) -> str:
    return f"{min(row['covered'] for row in rows):.3f}" if rows else "none"


def attacks(record: Mapping[str, Any]) -> str:
    """Share of studies with each verdict where earlier rules failed, fixed sampling, at two n."""
    rows, numbers = record["details"]["attacks"], record["settings"]["numbers"]
    body = [
        [name, RULE_WORDS[rule], *(_given(_row(rows, name, rule, "fixed"), numbers.index(n)) for n in ATTACKED_AT)]
        for name, chosen in ATTACKED
        for rule in chosen
    ]
    return _markdown(["runs", "claim", *_heads(ATTACKED_AT)], body)


def _given(row: Mapping[str, Any], place: int) -> str:
    """The verdicts that occurred, with their shares; the rest are inconclusive."""
    kinds = (*TESTED, "not testable here")
    return ", ".join(f"{kind} {row[kind][place]:.0%}" for kind in kinds if row[kind][place] >= 0.005) or "inconclusive"


def power(record: Mapping[str, Any]) -> str:
    """Share of studies that reach the true verdict, by truth, claim and n: fixed sampling, and betting with peeking."""
    rows, numbers = record["details"]["power"], _numbers(record)
    body = [
        [
            name,
            RULE_WORDS[rule],
            verdict,
            *_both(rows, name, rule, verdict),
        ]
        for name, chosen, verdict in FOUND
        for rule in chosen
    ]
    return _markdown(["truth", "claim", "verdict", *_heads(numbers)], body)


def _both(rows: Rows, process: str, rule: str, verdict: str) -> list[str]:
    """The share of a verdict at each n: fixed sampling, and betting."""
    shares = [_row(rows, process, rule, way)[verdict] for way in ("fixed", "peeked")]
    return [f"{fixed:.2f} / {peeked:.2f}" for fixed, peeked in zip(*shares, strict=True)]


def _row(rows: Rows, process: str, rule: str, way: str) -> Mapping[str, Any]:
    (found,) = _having(rows, process=process, rule=rule, way=way)
    return found


def _having(rows: Rows, **wanted: object) -> list[Mapping[str, Any]]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def _distinct(rows: Rows, *names: str) -> list[tuple[Any, ...]]:
    return list(dict.fromkeys(tuple(row[name] for name in names) for row in rows))


def _numbers(record: Mapping[str, Any]) -> list[str]:
    return [str(n) for n in record["settings"]["numbers"]]


def _heads(numbers: Sequence[object]) -> list[str]:
    return [f"n = {n}" for n in numbers]


def _markdown(head: list[str], body: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
