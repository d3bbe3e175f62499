"""What the database itself keeps of the tables that the warehouse shows: who wrote a row last, and what is gone.

Triggers do it, because incremental pulls and counts rely on it for every statement, also those not written yet.
"""

FUNCTIONS = (
    """
    CREATE FUNCTION stamp_changed_xid() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.changed_xid := pg_current_xact_id()::text::bigint;
        RETURN NEW;
    END $$
    """,
    # Fails when the content type is unknown, because a tombstone must name one.
    """
    CREATE FUNCTION leave_tombstones() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO deleted_item (object_id, content_type_id)
        SELECT gone.id::text,
               (SELECT id FROM content_type WHERE (app_label, model) = (TG_ARGV[0], TG_ARGV[1]))
        FROM gone;
        RETURN NULL;
    END $$
    """,
)


def track(table: str, content_type: str) -> tuple[str, str]:
    """The triggers of a table with `id` and `changed_xid`, whose rows are objects of `content_type` (app_label.model).

    A statement that sets `changed_xid` to its default itself is spared the first one.
    """
    app_label, _, model = content_type.partition(".")
    return (
        f"""
        CREATE TRIGGER stamp_changed_xid BEFORE UPDATE ON "{table}" FOR EACH ROW
        WHEN (NEW.changed_xid = OLD.changed_xid) EXECUTE FUNCTION stamp_changed_xid()
        """,
        f"""
        CREATE TRIGGER leave_tombstones AFTER DELETE ON "{table}" REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION leave_tombstones('{app_label}', '{model}')
        """,
    )
