"""Checkpoints: finding them, reading their published layouts, building their networks.

A loader takes a name of the registry ("synthface", "ffhq") or a checkpoint file, and gives the network in float32,
in evaluation mode, without gradients. Nothing in a file is ever executed.
"""
