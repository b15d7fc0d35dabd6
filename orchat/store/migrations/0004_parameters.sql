-- What a session is asked with, besides model and system prompt: a JSON object, and the persona it came from.

ALTER TABLE conversations ADD COLUMN parameters TEXT;
ALTER TABLE conversations ADD COLUMN persona TEXT;
