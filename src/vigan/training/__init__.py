"""The training engine, its optimisers, batches and checkpoints."""
