"""The conversation as one virtual widget: Markdown rendered to strips, block by block."""
