"""Study files that more than one folder of tests works on."""

TINY = """\
study: tiny
title: A ring in seconds
seeds: [0, 1]
datasets:
  ring: {source: ring, count: 6000}
experiments:
  circle:
    title: A ring
    dataset: ring
    iterations: 60
    snapshots: 3
    log_every: 20
    protocols: [{kind: toy-modes, samples: 500}]
    shared:
      network: {kind: mlp, width: 16}
      reading: released
      d_batches: 1
      g_batches: 1
      batch_size: 32
      optimiser: {kind: adam_tf1, lr: 1.0e-3}
    arms:
      plain:       {lambda_sum: 0.0}
      regularised: {lambda_sum: 1.0}
"""
"""A ring in seconds: a plain and a regularised arm, two seeds, 60 iterations."""
