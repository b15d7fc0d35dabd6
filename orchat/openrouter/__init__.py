"""One request over HTTP, turned into events: one attempt, no policy. Usable alone."""
