"""A run from end to end: plan, motions, videos."""
