"""One module per stage: read the files before it, call the packages below, write the files after it."""
