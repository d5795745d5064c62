"""The settings of the documentation; `./launch.sh docs` builds it."""

import ganrs_jax

project = "ganrs_jax"
author = "The ganrs_jax authors"
copyright = author
version = release = ganrs_jax.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"ganrs_jax {release}"
html_copy_source = False

# Markdown pages: ids of headings, so that `page.md#heading` is checked; fields for tables of facts.
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

# Docstrings: Google's sections, and names in backticks as in Markdown.
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # fields stand in the docstring of their class, once
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88

# References are checked strictly (`-n`). Only names of other packages, of rooms that have no page, and the short names
# of errors in "Raises" have no target.
nitpick_ignore_regex = [
    (r"py:.*", r"(jax|jaxlib|flax|optax|numpy|np|pandas|pd|pyarrow|pa|matplotlib|collections|pathlib|absl)\..*"),
    (r"py:.*", r"ganrs_jax\.(fidelity\.samples|profile\.vectors|published\.networks|profile\.mean_by_degree)\..*"),
    (r"py:exc", r"(InputError|TrainingDivergedError|TooSmallError|KeyError|TypeError|ValueError)"),
    (r"py:class", r"(VariableDict|Array|ndarray|Path|\w+Config|(tuple|dict)\[str|[a-z_, ]+|ganrs_jax\..*\.Result)"),
]


def _skip_field(app, what, name, member, skip, options):
    """A field of a NamedTuple is told in the docstring of its class."""
    return True if type(member).__name__ == "_tuplegetter" else None


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-skip-member", _skip_field)
