"""Runs the migrations on the connection, and inside the transaction, that `database.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from ewardrobe.wardrobe.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
