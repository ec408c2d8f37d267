"""What a study's arms, schedules, models and claims are, in words; every sentence says what the engine does."""
