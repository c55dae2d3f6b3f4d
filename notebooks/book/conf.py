"""How Sphinx makes the book; `make.py` beside this file gathers the pages and calls it."""

project = "kdlab"
author = "the kdlab developers"
copyright = "the kdlab developers; MIT licence"
root_doc = "map"
extensions = ["myst_nb"]
exclude_patterns = ["static"]

html_theme = "sphinx_book_theme"
html_title = "kdlab: learn distillation by doing it"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_context = {"default_mode": "light"}
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "secondary_sidebar_items": [],  # the workbench needs the room
}
html_last_updated_fmt = None
html_copy_source = False

nb_execution_mode = "off"  # the notebooks were run before, with the state of their widgets
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header"]

# All scripts lie beside the pages: the book works without a network.
mathjax_path = "mathjax/tex-chtml.js"
nb_ipywidgets_js = {
    "require.js": {},
    "widgets.js": {},  # tells require.js where anywidget is
    "html-manager/embed-amd.js": {},
}
