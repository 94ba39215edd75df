"""micromotion as a library: a motion out of a clip or a prompt, and an image that makes it. No Ray, no folders, no job.

    import micromotion

    models = micromotion.load_models()
    smile = micromotion.extract_motion(models, clip="smile.mp4")
    frames = micromotion.animate(models, smile, "face.jpg", strength=0.8)
    micromotion.write_video("face_smiles.mp4", frames, fps=30)

A motion can be saved (`smile.save(path)`) and loaded (`load_motion`); a job takes the same file as `motion: {file: …}`.
"""

from micromotion.library import (
    Micromotion,
    Models,
    animate,
    extract_motion,
    load_models,
    load_motion,
    read_image,
    write_video,
)

__all__ = [
    "Micromotion",
    "Models",
    "animate",
    "extract_motion",
    "load_models",
    "load_motion",
    "read_image",
    "write_video",
]
