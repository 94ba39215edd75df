"""What an output folder holds."""
