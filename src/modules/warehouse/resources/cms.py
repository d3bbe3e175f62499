"""What editors make: pages and widgets, their types, and what search engines are told of them."""

from src.modules.warehouse.mirroring import attributes, document, flag, mirrored, number, words

SEO = mirrored(
    "cms/seo",
    "SEO",
    "What search engines are told of a page.",
    *attributes(),
    words("url", "The page's path."),
    words("title", "Its title."),
    words("description", "What it is about."),
    words("keywords", "The words it should be found by."),
    content_type="cms.seo",
)
SPECIAL_PAGES = mirrored(
    "cms/special-pages",
    "Special pages",
    "A page that shows the products of a collection under a banner.",
    words("extraction_strategy", "How the products it shows are found."),
    *attributes(),
    words("name", "What editors call it."),
    words("url", "Its path."),
    words("template", "The template it is made with."),
    words("banner", "The picture above the products."),
    words("banner_mobile", "The picture for small screens."),
    words("banner_url", "Where a click on the picture leads."),
    words("banner_description", "The text of the banner, as HTML."),
    flag("is_active", "Whether it can be seen.", default=True),
    words("video_embedded_code", "The code of a video in it."),
    number("product_collection", "The collection whose products it shows."),
    number("pretty_url", "The pretty URL it is known by."),
    content_type="cms.specialpage",
)
WIDGET_TYPES = mirrored(
    "cms/widget-types",
    "Widget types",
    "A kind of widget: which attributes those of it have.",
    words("name", "Its name."),
    document("schema", "The attributes by key: label, type of data, and what may be chosen."),
    content_type="cms.widgettype",
    dated=False,
)
WIDGETS = mirrored(
    "cms/widgets",
    "Widgets",
    "A part of a page that editors fill, such as a slider or a menu.",
    *attributes(),
    words("name", "What editors call it."),
    words("slug", "What templates call it."),
    words("template", "The template it is made with."),
    number("content_type", "The kind of object that it is."),
    number("widget_type", "The widget type, which says what attributes it has."),
    content_type="cms.widget",
)
SPECIAL_PAGE_PRETTY_URLS = mirrored(
    "cms/special-page-pretty-urls",
    "Special page pretty URLs",
    "The path of a special page in a language.",
    number("special_page", "The special page."),
    words("url", "The path."),
    words("language", "The language."),
    content_type="cms.specialpageprettyurl",
)
LANDING_PAGE_TYPES = mirrored(
    "cms/landing-page-types",
    "Landing page types",
    "A kind of landing page: which attributes those of it have, and what code shows them.",
    words("name", "Its name."),
    words("slug", "Its name in paths."),
    words("func_module", "The module of the view that shows it."),
    words("func_name", "The view that shows it."),
    document("schema", "The attributes by key: label, type of data, whether they must be filled."),
    content_type="cms.landingpagetype",
)
LANDING_PAGES = mirrored(
    "cms/landing-pages",
    "Landing pages",
    "A page for all products that have one value of an attribute, such as a brand.",
    *attributes(),
    words("name", "What editors call it."),
    words("url", "Its path."),
    words("template", "The template it is made with."),
    flag("is_active", "Whether it can be seen.", default=True),
    number("content_type", "The kind of object that it is."),
    number("pretty_url", "The pretty URL it is known by."),
    number("landing_page_type", "The landing page type, which says what attributes it has."),
    number("attribute_value", "The value that its products have."),
    content_type="cms.landingpage",
)

RESOURCES = (
    SEO,
    SPECIAL_PAGES,
    WIDGET_TYPES,
    WIDGETS,
    SPECIAL_PAGE_PRETTY_URLS,
    LANDING_PAGE_TYPES,
    LANDING_PAGES,
)
