"""Whether, when, with which model, and again? Retries, limits, breaker, fallback, cache, cost."""
