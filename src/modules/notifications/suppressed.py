"""Addresses that want no more mail, some of which are only known by a keyed digest, since their owner was erased."""

KEY_NAME = "suppression"
MAKE_KEY = f"""
INSERT INTO service_key (name, value)
VALUES ('{KEY_NAME}', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) ON CONFLICT (name) DO NOTHING
"""


def mark_of(email: str) -> str:
    """The SQL expression of what an erasure leaves of an address; null as long as there was none."""
    key = f"(SELECT value FROM service_key WHERE name = '{KEY_NAME}')"
    return f"'erased:' || encode(sha256({key} || convert_to(lower({email}), 'UTF8')), 'hex')"


def is_suppressed(column: str, email: str) -> str:
    """The SQL condition that `column` of a row of suppressed_address stands for the address `email`."""
    return f"{column} = ANY(ARRAY[lower({email}), {mark_of(email)}])"
