"""How `carousel-tiny` was trained: drawn carousels, simulated viewers, one command."""
