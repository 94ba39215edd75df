"""Micromotions: fitting one to anchors, and moving a face's code along it."""
