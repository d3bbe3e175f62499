"""What identity keeps of a user, and what is left of it after an erasure."""

from collections.abc import Mapping

from src.modules.identity.models import Credential, EmailAddress, User
from src.platform.personal import USER, Personal
from src.platform.resources import table_of

# A JWT that was issued before is refused for so long; one that its issuer still gives later makes a new user.
SUBJECT_REFUSED = "interval '1 day'"

PERSONAL = (
    Personal(
        table=table_of(EmailAddress),
        whose=f"user_id = {USER}",
        why="An address is nothing without its owner.",
        goes=True,
        content_type="account.emailaddress",
        owner="{row}.user_id",
    ),
    Personal(
        table=table_of(Credential),
        whose=f"user_id = {USER}",
        why="They die at once; the digest of a JWT's subject stays a day, so that one issued before makes no new user.",
        withheld=("digest", "guest_digest"),
        statements=(
            f"DELETE FROM credential WHERE user_id = {USER} AND kind <> 'subject'",
            f"""UPDATE credential SET scopes = '{{}}', guest_digest = NULL,
            expires_at = least(expires_at, now() + {SUBJECT_REFUSED}) WHERE user_id = {USER}""",
        ),
    ),
    Personal(
        table=table_of(User),
        whose=f"id = {USER}",
        # Every reference to a user asks for this row, and what a shopper writes first it asks for last.
        locked_by="id",
        why="Orders and revisions name its number, and who pulls from the warehouse learns by it to blank theirs.",
        kept=("user_type", "date_joined"),
        becomes={"is_active": "false", "is_anonymized": "true", "call_allowed": "false"},
        renewed={"uuid": "gen_random_uuid()"},
        withheld=("issuer", "subject"),
        content_type="users.user",
        owner="{row}.id",
    ),
)
IMPERSONAL: Mapping[str, str] = {}
