"""Networks: the released DCGAN, MLPs for toy data, Gaussian mixtures. Shapes are NCHW; images are in [-1, 1]."""
