"""The tables of this feature and of the platform: numbers of people at most."""

from collections.abc import Mapping

from src.platform.personal import Personal

PERSONAL: tuple[Personal, ...] = ()
IMPERSONAL: Mapping[str, str] = {
    "content_type": "names of kinds of rows",
    "deleted_item": "numbers of rows that are gone",
    "erasure": "numbers of users who were erased, and of who asked for it",
    "idempotency_record": "answers that only the sender's key opens, for as long as they are given again",
    "schema_version": "the newest migration",
    "setting": "values of run-time settings",
}
