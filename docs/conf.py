"""The settings of the documentation; `./launch.sh docs` builds it."""

from sphinx.util.nodes import make_refnode

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
napoleon_custom_sections = [("Attributes", "params_style")]  # "user, item: ..." is two names, not a type and a name
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88

# References are checked strictly (`-n`); those to names of other packages have no target.
nitpick_ignore_regex = [
    (r"py:.*", r"(jax|flax|optax|numpy|np|pandas|pyarrow|collections|pathlib|builtins)\..*"),
    (r"py:class", r"(VariableDict|Path)"),  # as flax's and pathlib's names are written in signatures
    (r"py:class", r"ganrs_jax\..*\.Result"),  # a type variable
]


def _resolve_short_name(app, env, node, contnode):
    """The one documented object of a short name, as `InputError` under "Raises" is written."""
    target = node.get("reftarget", "")
    domain = env.domains["py"]
    found = [] if "." in target else [name for name in domain.objects if name.rpartition(".")[2] == target]
    if node.get("refdomain") != "py" or len(found) != 1:
        return None
    entry = domain.objects[found[0]]
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode)


def _skip_field(app, what, name, member, skip, options):
    """A field of a NamedTuple is told in the docstring of its class."""
    return True if type(member).__name__ == "_tuplegetter" else None


def _readable_default(app, what, name, member, options, signature, returned):
    """A default that a factory makes is no expression that can be parsed."""
    return (signature.replace("<factory>", "..."), returned) if signature else None


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", _readable_default)
    app.connect("autodoc-skip-member", _skip_field)
    app.connect("missing-reference", _resolve_short_name)
