"""Reproduction harness for Su (2018), "Variational Inference: A Unified Framework of Generative Models"."""

__version__ = "0.2.0"
