"""What a discriminator says of examples that it was trained on, of others that are as real, and of fakes."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from vigan.metrics.validate import check


def decisions(logits: np.ndarray) -> dict[str, float]:
    """Shares that D calls real, and how well its logits tell training examples from held-out ones.

    `logits`: (3, n), above 0 where D calls an example real, of n training examples, n held-out ones and n fakes, as
    `vigan.stages.sampler.Sampler.judged` gives them. Raises MetricError if a value is not finite.

    `membership` is the chance that a training example has a higher logit than a held-out one, ties counted by half: the
    area under the ROC curve of the white-box attack of Hayes et al. (2019), arXiv 1705.07663.
    """
    check(3, logits=logits)
    training, held_out, fakes = np.asarray(logits, dtype=np.float64)
    ranks = rankdata(np.concatenate([training, held_out]))[: len(training)]
    higher = ranks.sum() - len(training) * (len(training) + 1) / 2
    return {
        "real_training": float((training > 0).mean()),
        "real_held_out": float((held_out > 0).mean()),
        "real_fakes": float((fakes > 0).mean()),
        "membership": float(higher / (len(training) * len(held_out))),
    }
