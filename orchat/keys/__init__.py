"""Which key serves, and where its secret lives."""
