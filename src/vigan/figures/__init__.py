"""One file per figure. Figures take estimates and samples, never raw runs; only this package imports matplotlib."""
