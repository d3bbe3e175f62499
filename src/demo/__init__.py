"""The demo shop: a small catalogue and shoppers of our own, loaded over the same HTTP paths that any shop uses."""

from src.demo.drop import drop_price
from src.demo.load import load_demo

__all__ = ["drop_price", "load_demo"]
