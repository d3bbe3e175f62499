"""What the warehouse says of users: what a row is, and what its fields mean."""

from src.platform.resources import ATTRIBUTE_DOCS, DATED_DOCS, ID, MODIFIED, Shown

USERS = Shown(
    title="Users",
    about="A shopper, a colleague or a machine.",
    docs=ATTRIBUTE_DOCS
    | {
        ID: DATED_DOCS[ID],
        MODIFIED: DATED_DOCS[MODIFIED],
        "uuid": "Their public number.",
        "email": "Their primary e-mail address; empty where they have none.",
        "username": "The name they sign in with.",
        "first_name": "Their first name.",
        "last_name": "Their last name.",
        "gender": "`male`, `female` or not told.",
        "user_type": "`registered` or `guest`.",
        "phone": "The number to call.",
        "date_of_birth": "The day they were born.",
        "language_code": "The language they read.",
        "avatar": "Where their picture is.",
        "is_active": "Whether they may sign in.",
        "is_staff": "Whether they work for the shop.",
        "is_superuser": "Whether they may do everything.",
        "is_anonymized": "Whether what tells who they are has been taken out.",
        "email_allowed": "Whether they agreed to e-mails; null where they were not asked.",
        "sms_allowed": "Whether they agreed to text messages; null where they were not asked.",
        "call_allowed": "Whether they agreed to calls; null where they were not asked.",
        "groups": "The groups they are in.",
        "user_permissions": "What they may do beyond their groups.",
        "last_login": "When they signed in last.",
        "date_joined": "When they became known.",
        "segment": "The segment whose prices they buy at.",
    },
)
