"""What a request, a message, an event, a price is. No I/O, no clock, no third-party import."""
