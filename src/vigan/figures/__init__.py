"""One file per figure. Figures take estimates and samples, never raw runs, and only they import matplotlib."""
