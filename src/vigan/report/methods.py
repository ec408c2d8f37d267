"""What the protocols and metrics are, in words, with the papers they come from."""

from __future__ import annotations

from collections.abc import Iterable

from vigan.config.experiment import Protocol
from vigan.metrics.registry import METRICS
from vigan.report.page import Cell, Facts, Note, Table

FEATURES = (
    "{n} fakes of one seed's latents, the same at every step, against {n} images drawn once from the training data. "
    "The value of real data is that of {n} other images against the same {n}."
)
CLASSES = "{n} fakes of one seed's latents, the same at every step; no real images are needed to count modes."
LARGER = "Images are enlarged or shrunk by an antialiased bicubic filter to {side}x{side} before the network sees them."
EXPLAINED: dict[str, tuple[tuple[str, str], ...]] = {
    "efflite0-128": (
        ("Network", "EfficientNet-Lite0 (Apache-2.0 weights), its 1,280 pooled activations before the classifier"),
        ("Input", LARGER.format(side=128) + " Grey images are repeated in three channels."),
        ("Samples and reference", FEATURES),
        ("Mind", "A Fréchet distance of these features is FD-efflite0, not an FID. It grows as n shrinks."),
    ),
    "inception-clean": (
        ("Network", "Inception of 2015-12-05, as clean-fid uses it, its 2,048 pooled activations"),
        ("Input", LARGER.format(side=299) + " As clean-fid does (Parmar et al. 2022, arXiv 2104.11222)."),
        ("Samples and reference", FEATURES),
        ("Mind", "An FID of other n, crops or images is not comparable with this one. It grows as n shrinks."),
    ),
    "pixel-bins-32": (
        ("Network", "none: pixels, averaged down to a side of 32, whitened"),
        ("Input", "Bins are Voronoi cells of k-means centres of real images (Richardson and Weiss 2018)."),
        ("Samples and reference", FEATURES),
    ),
    "digit-modes": (
        ("Network", "a support vector machine on images averaged down to 8x8, fitted to the data set's own labels"),
        ("Input", "The data set's side; the classifier's accuracy on held-out digits is in the table of metrics."),
        ("Samples and reference", CLASSES),
    ),
    "stacked-modes": (
        ("Network", "the classifier of digit-modes, on each of the three channels"),
        ("Input", "The three digits of an image make one of 1,000 classes (Metz et al. 2017, arXiv 1611.02163)."),
        ("Samples and reference", CLASSES),
    ),
    "toy-modes": (
        ("Network", "none: the true means and deviation are known"),
        ("Input", "Points of the plane, as generated"),
        ("Samples and reference", CLASSES),
        ("Mind", "A captured mode needs a single sample: read it beside the share of high-quality samples."),
    ),
    "reconstruction": (
        ("Network", "none: the arm's own encoder and generator, in inference mode; of the VAE's code, the mean"),
        ("Input", "Images in [-1, 1], not rounded to bytes; points as they are"),
        (
            "Samples and reference",
            "{n} examples drawn once from the training data, the same for every arm and step. The value of real data "
            "is 0: an example is itself.",
        ),
        (
            "Mind",
            "A generator that makes nothing but the mean of the data has their variance, one that makes other "
            "examples twice that. A low error says nothing of samples: the code may be far from the prior.",
        ),
    ),
}
"""What stands behind each kind of protocol."""

HEUSEL = "Heusel et al. 2017, 1706.08500"
BINKOWSKI = "Bińkowski et al. 2018, 1801.01401"
KYNKAANNIEMI = "Kynkäänniemi et al. 2019, 1904.06991"
NAEEM = "Naeem et al. 2020, 2002.09797"
FRIEDMAN = "Friedman and Dieng 2023, 2210.02410"
RICHARDSON = "Richardson and Weiss 2018, 1805.12462"
SRIVASTAVA = "Srivastava et al. 2017, 1705.07761"
METZ = "Metz et al. 2017, 1611.02163"
HERE = "here"

DEFINED = {
    "frechet": ("|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) of Gaussians fitted to features", HEUSEL),
    "kid_mean": (
        "unbiased squared MMD with kernel (x·y/d + 1)³, mean over 100 subsets of at most 1,000; may be below 0",
        BINKOWSKI,
    ),
    "kid_std": ("standard deviation of the kernel distance over those subsets", BINKOWSKI),
    "precision": ("share of fakes within the 3rd-neighbour ball of a real image", KYNKAANNIEMI),
    "recall": ("share of reals within the 3rd-neighbour ball of a fake", KYNKAANNIEMI),
    "density": ("mean number of 5th-neighbour balls of reals that hold a fake, over 5", NAEEM),
    "coverage": ("share of reals whose 5th-neighbour ball holds a fake", NAEEM),
    "vendi": ("exp of the entropy of the eigenvalues of the fakes' cosine similarities over n", FRIEDMAN),
    "diversity": ("mean distance of the features of two random fakes", "no single source"),
    "birthday": (
        "chance that 100 fakes hold a near-duplicate, by a threshold from real images; not judged by eye",
        "after Arora and Zhang 2017, 1706.08224",
    ),
    "ndb": ("share of k-means bins whose share of fakes differs at level 0.05", RICHARDSON),
    "jsd": ("Jensen–Shannon divergence of the bins' histograms, natural logarithm", RICHARDSON),
    "modes": ("modes, or classes, with at least one sample (of the ring and grid: one of high quality)", SRIVASTAVA),
    "fair_modes": ("modes with at least 20% of their fair share of samples", HERE),
    "high_quality": ("share of samples within 3 deviations of a mode's mean; a perfect sampler has 0.989", SRIVASTAVA),
    "reverse_kl": ("KL of the samples' histogram over modes to uniform, natural logarithm", METZ),
    "reconstruction_error": ("mean over examples and coordinates of (x − G(E(x)))²", "no single source"),
    "classifier_accuracy": ("accuracy of the digit classifier on digits it was not fitted to", HERE),
    "finite": ("1 where every sample is a finite number, else 0", HERE),
}
"""Each metric's definition and the paper it is from, with its arXiv number."""


def protocol_notes(protocols: Iterable[Protocol]) -> list[Note]:
    """Each protocol explained, once."""
    return [Note(protocol.name, _facts(protocol)) for protocol in dict.fromkeys(protocols)]


def _facts(protocol: Protocol) -> Facts:
    n = f"{protocol.samples:,}"
    return [(term, words.replace("{n}", n)) for term, words in EXPLAINED[protocol.kind]]


def metric_table(metrics: Iterable[str]) -> Table:
    """Definition, direction and source of each metric."""
    better = {"lower": "lower is better", "higher": "higher is better", "none": "neither"}
    rows = [
        [Cell(METRICS[name].title), Cell(DEFINED[name][0]), Cell(better[METRICS[name].better]), Cell(DEFINED[name][1])]
        for name in metrics
    ]
    return Table(
        "The metrics in this study's tables.", ["metric", "definition", "better", "source (arXiv)"], rows, wrapped=True
    )
