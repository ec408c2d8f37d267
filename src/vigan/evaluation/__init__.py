"""A protocol applied to samples: how each kind measures, what it measures against, and its cache."""
