"""The paths that a shop's pages are found by."""

from src.modules.warehouse.mirroring import document, listed, mirrored, number, words

PRETTY_URLS = mirrored(
    "pretty-urls",
    "Pretty URLs",
    "A path that people can read, and what is shown there.",
    words("new_path", "The path that people see."),
    words("old_path", "The path that it stands for, with its query string."),
    words("func_module", "The module of the view behind it."),
    words("func_name", "The view behind it."),
    document("func_initkwargs", "What the view is made with."),
    words("viewname", "The name of the route of `old_path`."),
    listed("args", "What the view is called with, by position."),
    document("kwargs", "What the view is called with, by name."),
    document("query_params", "The query parameters in `old_path`."),
    words("language", "The language that the words of the path are in."),
    number("parent", "The pretty URL in the default language that it translates."),
    content_type="prettyurls.prettyurl",
)
REDIRECTS = mirrored(
    "redirects",
    "Redirects",
    "A path that sends visitors to another.",
    words("old_path", "The path that is left."),
    words("new_path", "The path that visitors are sent to."),
    number("site", "The site it is about."),
    content_type="redirects.redirect",
    dated=False,
)

RESOURCES = (PRETTY_URLS, REDIRECTS)
