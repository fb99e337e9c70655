"""The parts of `render.py`: sewing patterns, cloth, paint, room."""
