"""Files turned into content parts: sniffed, bounded, stripped of metadata."""
