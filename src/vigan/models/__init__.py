"""Networks: the released DCGAN and the MLPs of the toy games. Shapes are NCHW; images lie in [-1, 1]."""
