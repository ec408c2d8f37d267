"""An example or two of every command, as `vigan COMMAND --help` ends with them."""

from __future__ import annotations

EXAMPLES = {
    "preflight": ["vigan preflight --config config/ring.yaml --cores 2"],
    "estimate": ["vigan estimate --config config/celeba10k-32.yaml --cores 2", "vigan estimate --device cuda"],
    "doctor": ["vigan doctor", "vigan doctor --quick --record bench/records"],
    "prepare": [
        "vigan prepare --config config/ring.yaml --dataset ring",
        "vigan prepare --config config/celeba10k.yaml --dataset faces --celeba img_align_celeba.zip --threads 2",
    ],
    "reference": [
        "vigan reference --config config/ring.yaml --dataset ring --protocol toy-modes/n=2500/ref=train",
    ],
    "train": [
        "vigan train --config config/ring.yaml --arm ring-regularised --seed 0",
        "vigan train --arm bn-plain --seed 3 --device cuda:1",
    ],
    "evaluate": [
        "vigan evaluate --config config/ring.yaml --arm ring-regularised --seed 0",
        "vigan evaluate --images samples/ --reference photographs/",
        "vigan evaluate --images samples.zip --reference photographs.npz --extractor inception-clean",
    ],
    "statistics": [
        "vigan statistics photographs/ -o photographs.npz",
        "vigan statistics photographs/ --features --extractor inception-clean -o photographs.npz",
    ],
    "metrics": ["vigan metrics --real real.npy --fake fake.npy"],
    "import": ["vigan import --config config/foreign.yaml --arm plain"],
    "new": ["vigan new --from runs/", "vigan new --from runs/all.csv --study mine -o config/mine.yaml"],
    "tune": ["vigan tune config/ring-tuned.yaml.j2"],
    "analyse": ["vigan analyse --config config/ring.yaml"],
    "merge": ["vigan merge here/results/ring there/results/ring -o results/ring"],
    "figure": ["vigan figure --config config/ring.yaml --kind curves --experiment ring"],
    "frames": ["vigan frames --config config/ring.yaml --experiment ring"],
    "movie": ["vigan movie --config config/ring.yaml ring-plain ring-regularised --seed 3 --out ring.gif"],
    "contact": ["vigan contact --config config/ring.yaml --experiment ring"],
    "report": ["vigan report --config config/ring.yaml", "vigan report --config config/ring.yaml --small"],
    "claims": ["vigan claims ring", "vigan claims results/ring"],
    "audit": ["vigan audit ring digits", "vigan audit --write config/ring.yaml"],
    "join": ["vigan join digits-k ../there/results/digits-k"],
    "power": ["vigan power paper --truth bn-plain:collapse=0.8 bn-regularised:collapse=0.1 C4=0.9 --seeds 8 16 24"],
    "diff": ["vigan diff bn-plain bn-regularised", "vigan diff --config config/ring.yaml ring-plain ring-regularised"],
    "explain": ["vigan explain bn-regularised", "vigan explain --config config/ring.yaml ring-regularised"],
    "init": ["vigan init my-study"],
    "plugins": ["vigan plugins --config config/my-penalty.yaml"],
    "check": ["vigan check config/my_penalty.py"],
    "schema": ["vigan schema -o config/study.schema.json"],
    "deviations": ["vigan deviations"],
    "index": ["vigan index", "vigan index --results results --out studies.html"],
    "findings": ["vigan findings"],
    "verify-trace": ["vigan verify-trace recording.npz"],
    "bench": ["vigan bench engine --quick", "vigan bench metrics --record bench/records"],
    "completion": ["source <(vigan completion)    # in bash; for every shell from now on: put it into ~/.bashrc"],
}

TRUTHS = """\
what is true is stated as
  ARM:reach=SHARE      of its runs get on track at some time (not stated: 1)
  ARM:collapse=SHARE   of its runs get on track and collapse later (not stated: 0)
  ARM:diverge=SHARE    of its runs get on track and diverge later (not stated: 0)
  CLAIM=SHARE          of the seeds differ as claimed, beyond the boundary that decides (paired-sign, paired-time);
                       of the runs have the event in time (share, where it says `by`)
  CLAIM=MEAN,SPREAD    of the differences over seeds, positive where they are as claimed (paired-mean)
A claim whose truth is not stated is at the edge of its rule, between support and contradiction. All other verdicts
follow from the fates of runs.

"""


def epilog(name: str) -> str | None:
    """What a command's help ends with."""
    lines = [f"  {example}" for example in EXAMPLES.get(name, [])]
    return "\n".join(["examples:" if len(lines) > 1 else "example:", *lines]) if lines else None
