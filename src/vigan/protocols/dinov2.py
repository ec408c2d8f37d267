"""Every feature metric in the features of DINOv2: FD-DINOv2 (Stein et al. 2023)."""

from __future__ import annotations

from vigan.protocols.features import COMPARED, feature_kind

DINOV2 = feature_kind(
    name="dinov2-l14-224",
    extractor="vigan.features.dinov2:DinoV2",
    notes=(
        ("Network", "DINOv2 ViT-L/14 (Apache-2.0 weights), the 1,024 numbers of its class token"),
        (
            "Input",
            "Images are resized to 224x224 by Pillow's bicubic filter and rounded to 8 bits, as Stein et al. do "
            "(2023, arXiv 2306.04675).",
        ),
        ("Samples and reference", COMPARED),
        ("Mind", "A Fréchet distance of these features is FD-DINOv2, not an FID. It grows as n shrinks."),
    ),
    distance="FD-DINOv2, not an FID",
    operations=160e9,
    libraries=("timm",),
    place=11,
)
