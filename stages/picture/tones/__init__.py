"""A picture's colours, light and grain, and the generator's face brought to them."""
