"""Pictures in a terminal, out of half blocks."""
