"""The head in a picture: its shape, its gesture along a path, its eyes, its outline, and the grid laid over it."""
