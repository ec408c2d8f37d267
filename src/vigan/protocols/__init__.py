"""What each kind of protocol measures, needs and means: a file for each, found by `registry`; nothing here computes.

Samples become numbers in `vigan.evaluation`, imported by the names that stand here when something is measured.
"""
