"""One file per stabiliser; its file name is its name in a study's `stabilisers`."""
