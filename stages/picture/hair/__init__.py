"""Which cells of a picture are hair, where it ends, how it greys, and how it hangs as a head turns."""
