"""Pages of text are read by a model that sees: a stack of them, unattended, each once."""
