"""Accounts of the loyalty programme, and what moves between them."""

from src.modules.warehouse.mirroring import amount, flag, mirrored, number, words

LOYALTY_ACCOUNTS = mirrored(
    "loyalty/accounts",
    "Loyalty accounts",
    "An account that points or money are kept in, a shopper's or the shop's own.",
    words("currency", "The currency of the balance."),
    words("uuid", "Its public number."),
    words("number", "The number it is called by."),
    words("user_email", "The e-mail address of who owns it."),
    amount("balance", "What is in it."),
    flag("debit_allowed", "Whether the balance may fall below zero.", default=False),
    number("user", "Who owns it."),
    content_type="loyalty.account",
)
LOYALTY_TRANSFERS = mirrored(
    "loyalty/transfers",
    "Loyalty transfers",
    "What one account gives or gets in a transaction.",
    words("currency", "The currency of the amount."),
    words("uuid", "Its public number."),
    amount("amount", "How much the account gets; below zero is what it gives."),
    words("reference", "What it is for: an order's number where it pays one."),
    number("account", "The account."),
    number("transaction", "The transaction it is a part of."),
    content_type="loyalty.transfer",
)
LOYALTY_TRANSACTIONS = mirrored(
    "loyalty/transactions",
    "Loyalty transactions",
    "Something moved from one account to another: two transfers, which cancel each other out.",
    words("currency", "The currency of the amount."),
    words("remote_addr", "The network address that it was asked for from."),
    words("uuid", "Its public number."),
    amount("amount", "How much moved."),
    words("user_email", "The e-mail address of who asked for it."),
    words("reference", "What it is for: an order's number where it pays one."),
    number("order", "The order that it pays."),
    number("user", "Who asked for it."),
    content_type="loyalty.transaction",
)

RESOURCES = (LOYALTY_ACCOUNTS, LOYALTY_TRANSFERS, LOYALTY_TRANSACTIONS)
