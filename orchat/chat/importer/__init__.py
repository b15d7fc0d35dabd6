"""Sessions of other programs, and our own: one module a format, and one that tells them apart by their content."""
