"""Words that both a request and the settings may choose from, and those that attachments are told by."""

from __future__ import annotations

from typing import Literal

Effort = Literal["max", "xhigh", "high", "medium", "low", "minimal", "none"]
"""Share of a model's budget that it may think with."""
DataCollection = Literal["allow", "deny"]
"""Whether a provider may keep prompts."""
LINK = "text/uri-list"
"""Media type of an attachment that is the link to a picture, and not the picture itself."""
