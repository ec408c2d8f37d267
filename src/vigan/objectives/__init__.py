"""Losses and stabilisers as functions of callables and batches; nothing here knows a network or a data set."""
