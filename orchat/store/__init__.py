"""Everything that is kept: the only importer of sqlite3."""
