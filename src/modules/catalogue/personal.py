"""Nothing of the catalogue is about a shopper."""

from collections.abc import Mapping

from src.platform.personal import Personal

PERSONAL: tuple[Personal, ...] = ()
IMPERSONAL: Mapping[str, str] = {
    "catalogue_change": "prices and stocks of products",
    "catalogue_epoch": "a version",
    "category_node": "categories of products",
    "data_source": "sellers: businesses, with the address that they do business from",
    "market": "markets that products are sold in",
    "price_list": "names of lists of prices",
    "product": "what is for sale",
    "product_image": "pictures of products",
    "product_price": "prices of products",
    "product_state": "versions of products",
    "product_stock": "how much there is of products",
    "segment": "kinds of shoppers; who belongs to one is a column of users",
    "stock_list": "names of lists of stocks",
}
