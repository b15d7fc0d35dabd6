"""How Sphinx builds the manual."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from orchat import __version__  # the path has to be set first

project = "orchat"
author = "The orchat developers"
copyright = "2026, the orchat developers"  # Sphinx's name
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"orchat {__version__}"

myst_heading_anchors = 3
# Docstrings put names in single backticks: a link where one exists, plain code where not.
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_default_options = {"members": True, "show-inheritance": True}
