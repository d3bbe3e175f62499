"""Jobs that were given up."""

from typing import Any

from sqlalchemy import Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from src.platform.orm import Base, IntegerId, Timestamp


class DeadLetter(Base):
    """A call of a job that no further run is made of, until an operator asks for one.

    What fails over and over with the same arguments, such as a job of the schedule, is one letter with a count.
    """

    __tablename__ = "dead_letter"
    __table_args__ = (
        Index("uq_dead_letter_digest", "digest", unique=True),
        Index("ix_dead_letter_queue", "queue", "job"),
        Index("ix_dead_letter_failed_at", "failed_at", "id"),
    )

    id: Mapped[IntegerId]
    job: Mapped[str] = mapped_column(Text)
    queue: Mapped[str] = mapped_column(Text)
    # Of the latest failure, as are error, attempts, failed_at and trace_id.
    job_id: Mapped[str] = mapped_column(Text)
    # Null when the queue had lost them.
    arguments: Mapped[Any | None] = mapped_column(postgresql.JSONB(none_as_null=True))
    # Of job and arguments, which together make it one letter.
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    error: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    first_failed_at: Mapped[Timestamp]
    failed_at: Mapped[Timestamp]
    trace_id: Mapped[str | None] = mapped_column(Text)
