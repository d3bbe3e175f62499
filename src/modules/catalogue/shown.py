"""What the warehouse says of the catalogue: what its rows are, and what their fields mean."""

from src.platform.resources import ATTRIBUTE_DOCS, DATED_DOCS, Shown

PRODUCTS = Shown(
    title="Products",
    about="A single product, a parent, or a variant of a parent. Those that are gone stay, no longer active.",
    docs=DATED_DOCS
    | ATTRIBUTE_DOCS
    | {
        "uuid": "Its public number.",
        "sku": "The code that it is kept in stock by; no other product has it.",
        "base_code": "The code that its variants share.",
        "name": "What it is called.",
        "product_type": "The kind of product, as a code: `0` is a plain one.",
        "is_active": "Whether it is for sale.",
        "parent": "The product that it is a variant of.",
        "data_source": "Who sells it.",
        "market": "The market that it is offered on.",
        "category_nodes": "The category nodes that it is listed in.",
        "slug": "Its name in paths.",
        "url_path": "The path of its page; null where that follows from its id.",
        "translations": "Its name and description by language.",
        "extra_attributes": "What the shop has added beyond attributes.",
        "attribute_set": "The set that says which attributes it has.",
        "custom_attribute_set": "The set of what shoppers may choose of it.",
        "listing_code": "The code by which variants appear as one in lists.",
        "listable_product": "The product that stands for it in lists.",
        "pretty_url": "The pretty URL of its page.",
        "is_seller_product": "Whether somebody else sells it.",
        "is_listable": "Whether it may appear in lists.",
        "is_form_required": "Whether shoppers fill in a form before they buy it.",
        "group_products": "The products that it is a bundle of.",
    },
)
PRODUCT_IMAGES = Shown(
    title="Product images",
    about="A picture of a product.",
    docs=DATED_DOCS
    | {
        "product": "The product.",
        "status": "`active` where it may be shown.",
        "image": "Where the picture is.",
        "height": "Its height in pixels.",
        "width": "Its width in pixels.",
        "order": "Its place among the product's pictures.",
    },
)
PRODUCT_PRICES = Shown(
    title="Product prices",
    about="What a product costs on a price list in a currency.",
    docs=DATED_DOCS
    | {
        "product": "The product.",
        "price_list": "The price list; 1 is the one for everybody.",
        "currency_type": "The currency, as a code of three letters.",
        "price_type": "`default`, or the name of another kind of price.",
        "price": "What it is sold for.",
        "retail_price": "What it costs without a reduction.",
        "tax_rate": "The tax in the price, in percent.",
        "extra_field": "What the shop has added.",
    },
)
CATEGORY_NODES = Shown(
    title="Category nodes",
    about="A place in the tree of categories that products are listed in.",
    docs=DATED_DOCS
    | ATTRIBUTE_DOCS
    | {
        "uuid": "Its public number.",
        "path": "Where it is in the tree: four characters a level, each node's path beginning with its parent's.",
        "depth": "How many levels its path has.",
        "numchild": "How many nodes are right below it.",
        "order": "Its place among the nodes beside it.",
        "name": "What it is called.",
        "pretty_url": "The pretty URL of its page.",
        "sort_option": "How its products are sorted.",
    },
)
