"""The reference of the Python package, by Sphinx; that of the C library, by Doxygen, beside it."""

import swarmbench

project = "swarmbench"
author = "the libswarmbench developers"
release = version = swarmbench.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.viewcode", "myst_parser"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_default_options = {"members": True, "show-inheritance": True}
# Types of pandas and its kind are named, not linked: building needs no network.
nitpicky = False
default_role = "code"
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_extra_path = []
html_theme_options = {"description": "measures how content networks move files", "page_width": "1000px"}
