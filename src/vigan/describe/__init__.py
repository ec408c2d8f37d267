"""Descriptions of arms, schedules, models and claims in words."""
