"""How the bundled `synthface` family was made. The product never imports this package."""
