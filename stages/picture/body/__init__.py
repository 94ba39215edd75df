"""What is below and before a head and does not turn with it: neck, collar, shoulders."""
