"""E-mail addresses as the integration API takes them: the primary one of a user becomes the user's own.

What the address of a user says without being fed makes room for what is fed, see `models.EmailAddress`.
"""

from src.modules.identity.models import EmailAddress
from src.platform.resources import Adoption, Effects, Resource, Rule, SetRule, Shown, Unique, table_of

IDENTITY_LOCK = 2
MAX_EMAIL_LENGTH = 254  # RFC 5321, 4.5.3.1.3
# A row as it will be, beside the one that it changes.
WILL_BE = """(
    SELECT coalesce(changed_row.user_id, stored.user_id) AS user_id, coalesce(changed_row.email, stored.email) AS email,
           coalesce(changed_row."primary", stored."primary", false) AS "primary"
    FROM (SELECT) AS one LEFT JOIN email_address AS stored ON stored.id = target
) AS told"""
# Two rows that both say so: the first one counts. Who was the primary one before has to make room without being told.
TWO_PRIMARY = """
SELECT row FROM (
    SELECT row, about, first_value(about) OVER (PARTITION BY user_id ORDER BY row) AS first
    FROM (
        SELECT changed_row.row, coalesce(changed_row.user_id, stored.user_id) AS user_id,
               coalesce(changed_row.target, changed_row.id, -changed_row.row) AS about
        FROM changed_row LEFT JOIN email_address AS stored ON stored.id = changed_row.target
        WHERE changed_row."primary"
    ) AS telling
) AS ordered
WHERE about <> first"""
TOLD_PRIMARY = """(
    SELECT coalesce(changed_row.user_id, stored.user_id) AS user_id, coalesce(changed_row.target, changed_row.id) AS id
    FROM changed_row LEFT JOIN email_address AS stored ON stored.id = changed_row.target
    WHERE changed_row."primary"
) AS told WHERE other.user_id = told.user_id AND other.id IS DISTINCT FROM told.id AND other."primary" """

EMAIL_ADDRESSES = Resource(
    path="account/email-addresses",
    table=table_of(EmailAddress),
    content_type="account.emailaddress",
    lock=IDENTITY_LOCK,
    shown=Shown(
        title="E-mail addresses",
        about="Addresses of users. The primary one is the address that the user is known and written to by.",
        docs={
            "id": "The number of the row.",
            "email": "The address.",
            "verified": "Whether the user has shown that it is theirs.",
            "primary": "Whether it is the one that the user is known by; a user has at most one such.",
            "user": "The user.",
        },
    ),
    hidden=frozenset({"from_user"}),
    rules=(
        Rule("email", "email <> ''", "must not be empty"),
        Rule("email", f"length(email) <= {MAX_EMAIL_LENGTH}", f"must have at most {MAX_EMAIL_LENGTH} characters"),
        Rule(
            "email",
            f"""NOT EXISTS (
                SELECT FROM {WILL_BE} JOIN users ON lower(users.email) = lower(told.email) AND users.id <> told.user_id
                WHERE told."primary" AND users.email <> '')""",
            "is the address of another user",
        ),
        Rule(
            "email",
            f"""NOT EXISTS (
                SELECT FROM {WILL_BE}, email_address AS own JOIN users ON users.id = own.user_id
                WHERE own.id = target AND lower(users.email) = lower(own.email)
                  AND (told.user_id <> own.user_id
                       OR (lower(told.email) <> lower(own.email) AND NOT told."primary")))""",
            "is the one that its user is known by",
        ),
    ),
    together=(SetRule("primary", TWO_PRIMARY, "another row is the primary one of the same user"),),
    unique=(
        Unique(("user_id", "email"), {"email": "lower({})"}),
        Unique(("email", "primary"), {"email": "lower({})"}, "{primary}"),
    ),
    adopts=Adoption(
        """ours.from_user AND ours.user_id = fed.user_id
           AND (lower(ours.email) = lower(fed.email) OR (ours."primary" AND fed."primary"))""",
        "lower(ours.email) = lower(fed.email)",
    ),
    before=(
        f"""DELETE FROM email_address AS other USING {TOLD_PRIMARY}
            AND other.from_user AND NOT EXISTS (SELECT FROM changed_row WHERE target = other.id)""",
        f'UPDATE email_address AS other SET "primary" = false FROM {TOLD_PRIMARY}',
        """UPDATE email_address AS fed SET from_user = false FROM changed_row
           WHERE fed.id = changed_row.target AND fed.from_user""",
    ),
    effects=Effects(
        ("user_id", "email", "primary"),
        {
            "known_by": """
                UPDATE users SET email = new_email, modified_date = now() FROM merged
                WHERE new_primary AND users.id = new_user_id AND users.email <> new_email"""
        },
    ),
    in_use=(
        """EXISTS (
            SELECT FROM email_address AS address JOIN users ON users.id = address.user_id
            WHERE address.id = {id} AND lower(users.email) = lower(address.email))""",
    ),
)
