"""Checkpoints: finding them, reading their published layouts, building their networks.

A loader takes a name of the registry ("synthface", "ffhq") or a checkpoint file, and gives the network in float32,
in evaluation mode, without gradients. Nothing in a file is ever executed.
"""

from weights.formats import load_generator, load_identity, load_inverter, load_landmarks

__all__ = ["load_generator", "load_identity", "load_inverter", "load_landmarks"]
