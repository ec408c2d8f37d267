"""Speeds, measured so that they can be compared: `vigan bench NAME`. A module of that name has a `measure`."""
