"""Losses and stabilisers as functions of callables and batches, independent of networks and data sets.

A model is one file, named after its kind in an arm's `model`, with a class of that name capitalised.
"""
