"""One file per model; its file name is its kind in an arm's `model`, and its class is that kind with a capital."""
