"""Declarations of the kinds of protocols, one file each, found by `registry`; nothing here computes.

`vigan.evaluation` turns samples into numbers; it is imported, by the names declared here, only to measure.
"""
