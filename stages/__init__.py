"""The work itself: pixels and latents. Every stage runs alone in a notebook; none knows Ray."""
