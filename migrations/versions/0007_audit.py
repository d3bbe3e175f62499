"""what the audit looks its rows up by, and the content type of settings"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("audit_event", "uuid", server_default=None)
    op.create_unique_constraint(op.f("uq_audit_event_uuid"), "audit_event", ["uuid"])
    op.create_index("ix_audit_event_timestamp", "audit_event", ["timestamp"], postgresql_using="brin")
    op.create_index("ix_revision_date_created", "revision", ["date_created"], postgresql_using="brin")
    op.execute("INSERT INTO content_type (app_label, model) VALUES ('settings', 'setting')")


def downgrade() -> None:
    op.execute("DELETE FROM content_type WHERE (app_label, model) = ('settings', 'setting')")
    op.drop_index("ix_revision_date_created", "revision")
    op.drop_index("ix_audit_event_timestamp", "audit_event")
    op.drop_constraint(op.f("uq_audit_event_uuid"), "audit_event", type_="unique")
    op.alter_column("audit_event", "uuid", server_default=sa.text("(uuidv7())::text"))
