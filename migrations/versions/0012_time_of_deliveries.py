"""the time of what deliveries are about

The rows that are there, and those that the release before still writes, say now: the default of a column that is added
is looked up once, so nothing is rewritten. They are told apart by their keys alone, which stay unique among them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "delivery",
        sa.Column("occurred_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("delivery", "occurred_at")
