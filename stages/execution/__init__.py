"""Where networks run: PyTorch as the reference, an inference runtime on CPUs, reduced precision on GPUs."""
