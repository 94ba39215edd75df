"""The rendered faces that the bundled networks learn from."""
