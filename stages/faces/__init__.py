"""Finding faces, their landmarks, and the crop that a generator expects."""
