"""One face makes the motion of a clip, without Ray and without a job.

.venv/bin/python examples/library.py weights/bundled/demo/smile.mp4 weights/bundled/demo/faces/face_01.jpg smiling.mp4
"""

import argparse
from pathlib import Path

import micromotion


def main() -> None:
    """Read the arguments, extract the motion, animate the face."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, help="a video of one face that starts at rest and makes one motion")
    parser.add_argument("image", type=Path, help="the face that is to make it")
    parser.add_argument("video", type=Path, help="the video to write")
    parser.add_argument("--strength", type=float, default=1.0, help="1 is the extent of the clip")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--max-anchors", type=int, default=64, help="frames of the clip that are used")
    options = parser.parse_args()

    models = micromotion.load_models()
    motion = micromotion.extract_motion(models, options.clip, max_anchors=options.max_anchors)
    frames = micromotion.animate(models, motion, options.image, frames=options.frames, strength=options.strength)
    written = micromotion.write_video(options.video, frames, fps=30)
    print(f"{options.video}: {written.frames} frames of {written.width} x {written.height} pixels")


if __name__ == "__main__":
    main()
