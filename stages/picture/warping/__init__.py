"""Meshes drawn into arrays, and fields that say where each point of a picture comes from."""
