"""Cut-outs that their owner checked, and what they were before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("appearances", sa.Column("checked_at", sa.DateTime))
    op.create_table(
        "earlier_cutouts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("appearance_id", sa.Integer, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("model", sa.String(120)),
        sa.Column("mask_file", sa.String(255), nullable=False),
        sa.Column("cutout_file", sa.String(255), nullable=False),
        sa.Column("thumbnail_file", sa.String(255), nullable=False),
        sa.Column("replaced_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_earlier_cutouts"),
        sa.ForeignKeyConstraint(
            ["appearance_id"], ["appearances.id"], name="fk_earlier_cutouts_appearance_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_earlier_cutouts_appearance_id", "earlier_cutouts", ["appearance_id"])
