"""The trainings of the bundled networks."""
