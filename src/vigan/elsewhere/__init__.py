"""Runs that were made elsewhere: their files read, bounded and told apart by content."""
