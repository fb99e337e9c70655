"""Alembic's scripts, shipped inside the package and run when a wardrobe is opened."""
