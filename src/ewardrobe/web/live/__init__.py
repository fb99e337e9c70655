"""Live view: a camera's frames in over a socket, masks out, the newest first.

`frames` (what the messages hold) -> `catalogue` (which models there are, loaded once) -> `lanes` (one model at work on
the newest frame) -> `session` (one socket's conversation).
"""
