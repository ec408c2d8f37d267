"""Losses and stabilisers as functions of callables and batches; nothing here knows a network or a data set.

A model is one file, named after its kind in an arm's `model`, with a class of that kind with a capital.
"""
