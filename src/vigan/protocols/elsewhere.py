"""Numbers that were measured elsewhere, under whatever protocol: here they are read, not measured."""

from __future__ import annotations

import math

from vigan.protocols.base import IMAGES, POINTS, Metric, ProtocolKind

REPORTED = "as reported where the runs were made"

ELSEWHERE = ProtocolKind(
    name="elsewhere",
    metrics={
        "fid": Metric(
            title="FID (reported)",
            definition="Fréchet distance of Inception features, by whatever network, resizing and n were used there",
            source="Heusel et al. 2017, 1706.08500",
            better="lower",
        ),
        "kid": Metric(
            title="KID (reported)",
            definition="kernel distance of Inception features, by whatever network and n were used there",
            source="Bińkowski et al. 2018, 1801.01401",
            better="lower",
            low=-math.inf,
        ),
        "inception_score": Metric(
            title="Inception score (reported)",
            definition="exp of the mean divergence of p(y|x) from p(y) by an Inception network",
            source="Salimans et al. 2016, 1606.03498",
            better="higher",
            low=1.0,
        ),
        "reported_precision": Metric(
            title="Precision (reported)",
            definition="share of fakes within a neighbour ball of a real image, by whatever k was used there",
            source="Kynkäänniemi et al. 2019, 1904.06991",
            better="higher",
            high=1.0,
        ),
        "reported_recall": Metric(
            title="Recall (reported)",
            definition="share of reals within a neighbour ball of a fake, by whatever k was used there",
            source="Kynkäänniemi et al. 2019, 1904.06991",
            better="higher",
            high=1.0,
        ),
        "reported_density": Metric(
            title="Density (reported)",
            definition="mean number of neighbour balls of reals that hold a fake, over k",
            source="Naeem et al. 2020, 2002.09797",
            better="none",
        ),
        "reported_coverage": Metric(
            title="Coverage (reported)",
            definition="share of reals whose neighbour ball holds a fake, by whatever k was used there",
            source="Naeem et al. 2020, 2002.09797",
            better="higher",
            high=1.0,
        ),
        "ppl": Metric(
            title="Perceptual path length (reported)",
            definition="mean LPIPS distance along latent paths, over the squared step",
            source="Karras et al. 2019, 1812.04948",
            better="lower",
        ),
        "score": Metric(
            title="Score (reported)",
            definition=f"a number of which more is better, {REPORTED}",
            source="the study's file",
            better="higher",
            low=-math.inf,
        ),
        "loss": Metric(
            title="Loss (reported)",
            definition=f"a number of which less is better, {REPORTED}",
            source="the study's file",
            better="lower",
            low=-math.inf,
        ),
        "share": Metric(
            title="Share (reported)",
            definition=f"a number from 0 to 1 of which more is better, {REPORTED}",
            source="the study's file",
            better="higher",
            high=1.0,
        ),
    },
    sources=frozenset({IMAGES, POINTS}),
    notes=(
        ("Measured", "elsewhere, of {n} samples: vigan has read these numbers, and has seen no sample"),
        ("Mind", "Two such numbers can be compared only where the same code measured them in the same way."),
    ),
    input="elsewhere",
    compares=False,
    least=0,
    place=90,
)
