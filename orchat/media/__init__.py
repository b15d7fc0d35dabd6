"""Bytes of pictures and documents become parts of a message."""
