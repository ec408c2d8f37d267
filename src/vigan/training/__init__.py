"""The engine that plays the game, its optimisers, batches and checkpoints."""
