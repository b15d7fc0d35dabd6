"""The embedded offline OpenRouter: a loopback HTTP server that speaks the real protocol."""
