"""Eyes and mouth: where skin ends to the pixel, and what shows between."""
