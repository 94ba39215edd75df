"""Ray's session, its machines, and how many workers fit on them."""
