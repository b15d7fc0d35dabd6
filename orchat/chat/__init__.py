"""Memory: a conversation is a tree of turns; sending is save, dispatch, fold, save."""
