"""A recording of the released graph, replayed through the models, the optimiser and the engine that train."""
