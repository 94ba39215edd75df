"""The architectures, in their published layouts. They import nothing else of ours."""
