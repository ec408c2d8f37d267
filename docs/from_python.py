"""From Python: two arms on a ring, trained, measured and judged; then features of your own. `python from_python.py`."""

from pathlib import Path

import numpy as np
import pandas as pd

import vigan

STUDY = """
study: from-python
title: A ring, from Python
seeds: [0, 1]
datasets:
  ring: {source: ring, count: 6000}
experiments:
  circle:
    title: A ring
    dataset: ring
    iterations: 100
    snapshots: 2
    protocols: [{kind: toy-modes, samples: 500}]
    shared:
      network: {kind: mlp, width: 16}
      reading: released
      d_batches: 1
      g_batches: 1
      batch_size: 32
    arms:
      plain: {lambda_sum: 0.0}
      regularised: {lambda_sum: 1.0}
claims:
  - id: more-modes
    statement: With the regulariser G holds more modes at the end.
    place: this script
    test: paired-sign
    arms: [plain, regularised]
    metric: fair_modes
    protocol: toy-modes
    score: last
    direction: higher
    margin: 0.5
"""


def main() -> None:
    """Write a study here, run it, and print what comes of it."""
    file = Path("from-python.yaml")
    file.write_text(STUDY)
    study = vigan.load_study(file)

    # Train and measure. Runs that are there already are not made again.
    runs = [vigan.train(file, run.arm, run.seed, device="cpu") for run in study.runs()]
    numbers = pd.concat([run.evaluate(device="cpu") for run in runs])
    last = numbers[(numbers["metric"] == "fair_modes") & (numbers["step"] == 100)]
    print(last[["arm", "seed", "step", "metric", "value"]].to_string(index=False))
    print(runs[0].telemetry[["iteration", "d_loss", "g_adversarial", "diversity"]].to_string(index=False))

    # Judge: by the study's claims, on its own numbers or on anybody's table with the same columns.
    verdicts = vigan.judge(numbers, file)
    print(verdicts[["id", "verdict", "n", "reason"]].to_string(index=False))

    # Features of your own: (n, d), one row a sample.
    draws = np.random.default_rng(0)
    real, fake = draws.standard_normal((200, 8)), draws.standard_normal((200, 8)) + 0.3
    print({name: value for name, value in vigan.metrics.compare(real, fake).items() if name != "notes"})


if __name__ == "__main__":
    main()
