"""Tables of the studies that are benchmarks: rounding, and the divergence that the term estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vigan.bench.rounded import MANTISSA
from vigan.bench.rounding import CONTROLS

RULES = {"exponent": "D1 order of the law", "spread": "D2 one constant", "order": "D3 same order"}
BESIDE = {
    "next": "D3 with the next probe",
    "ratio": "KL / E (G - G_o)^2",
    "fisher": "the same, over half of Fisher's information",
}
HARDWARE = ("tf32", "bf16")


def rounding(record: Mapping[str, Any]) -> str:
    """A row for each workload and precision: how many numbers are equivalent, open and moved, and the verdict."""
    lines = [["data", "rounded to", "equivalent", "open", "moved", "largest difference", "verdict"], ["---"] * 7]
    for data, precisions in record["summary"].items():
        for precision, found in precisions.items():
            numbers = {name: value for name, value in found.items() if name != "verdict"}
            verdicts = [value["verdict"] for value in numbers.values()]
            name, value = max(numbers.items(), key=lambda item: abs(item[1]["median"]))
            low, high = value["interval"]
            lines.append([
                data, precision, *(str(verdicts.count(verdict)) for verdict in ("equivalent", "open", "moved")),
                f"{value['median']:+.2f} [{low:+.2f}, {high:+.2f}] ({name})", found["verdict"],
            ])  # fmt: skip
    return f"{_table(lines)}\n\n{_fast(record['summary'])}"


def _fast(summary: Mapping[str, Mapping[str, Any]]) -> str:
    """What follows for the fast study, by the declared rule."""
    controls = {data: [found[name]["verdict"] for name in CONTROLS if name in found] for data, found in summary.items()}
    if blind := [_blind(data, summary[data]) for data, verdicts in controls.items() if "moved" not in verdicts]:
        return f"{'; '.join(blind)}. By the rule nothing follows, and float32 stays."
    shared = [name for name in HARDWARE if all(found[name]["verdict"] == "equivalent" for found in summary.values())]
    if not shared:
        return "By the declared rule no coarser precision takes the place of float32 in the fast study."
    return f"By the declared rule the fast study is that in `{min(shared, key=MANTISSA.__getitem__)}`."


def _blind(data: str, found: Mapping[str, Any]) -> str:
    """Why nothing follows from data of which no control moves a number."""
    run = [name for name in CONTROLS if name in found]
    return (
        f"On {data} the controls that were run ({', '.join(run)}) move no number"
        if run
        else f"No control was run on {data}"
    )


def divergence(record: Mapping[str, Any]) -> str:
    """A row for each arm: medians over seeds with intervals, and verdicts, for steps of one phase."""
    lines = [["arm", *RULES.values(), *BESIDE.values()]]
    lines.append(["---"] * len(lines[0]))
    for arm, gaps in record["summary"].items():
        found = gaps["1"]
        lines.append([arm, *(_cell(found, name) for name in (*RULES, *BESIDE))])
    return _table(lines)


def steps(record: Mapping[str, Any]) -> str:
    """A row for each arm: how the law and the constant hold for larger steps."""
    gaps = [str(gap) for gap in record["settings"]["gaps"]]
    heads = [f"{what}, {gap} iterations" for what in ("KL over its second order", "spread") for gap in gaps]
    lines = [["arm", *heads], ["---"] * (len(heads) + 1)]
    for arm, found in record["summary"].items():
        cells = [_middle(found[gap], name) for name in ("law", "spread") for gap in gaps]
        lines.append([arm, *cells])
    return _table(lines)


def _cell(found: Mapping[str, Any], name: str) -> str:
    if name not in found:
        return "-" if found or name not in RULES else "not testable here"
    value = found[name]
    digits = 5 if name == "exponent" else 3
    ends = f" [{', '.join(f'{end:.{digits}g}' for end in value['interval'])}]" if value["interval"] else ""
    return f"{value['median']:.{digits}g}{ends}" + (f": {value['verdict']}" if "verdict" in value else "")


def _middle(found: Mapping[str, Any], name: str) -> str:
    return f"{found[name]['median']:.3g}" if name in found else "-"


def _table(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
