"""Metrics of a video: identity, reconstruction, motion."""
