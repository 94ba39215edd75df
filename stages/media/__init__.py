"""Images and clips as files: reading them, and writing videos."""
