"""The list of faces that a job works through: its schema, and building one from a folder."""
