"""Why there is no clip at a place, and what helps."""

import os
import re
from pathlib import Path

from common.formatting import clean, quotes_hint

GET_FILE = "Get the file, and give its path"
ONE_FILE = "ffmpeg -framerate 30 -i FOLDER/%04d.png -pix_fmt yuv420p -crf 10 clip.mp4, with your names and frame rate"


def why_no_clip(place: Path | str) -> str:
    """What is wrong with a clip's place, as a sentence that begins with it; empty where a file is there.

    Args:
        place: a path, or what a person gave for one.
    """
    path, text = Path(place), clean(str(place))
    if os.path.isfile(path):  # noqa: PTH113 (Path's own raises over long names)
        return ""
    if uri := re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/+", text):  # as a path it has lost one of its slashes
        slashes = "///" if uri[1].lower() == "file" else "//"
        return f"{uri[1]}:{slashes}{text[uri.end() :]}: a URI, and a clip is read from a disk. {GET_FILE}."
    if os.path.isdir(path):  # noqa: PTH112 (as above)
        return f"{text}: a folder, not a clip. If it holds the frames, make one file of them: {ONE_FILE}."
    if re.search(r"%0?\d*d|[*?]|\[.+\]", path.name):
        return f"{text}: a pattern, and a clip is one file. Make one of the frames: {ONE_FILE}."
    if re.match(r"[A-Za-z]:[\\/]|\\\\", path.name):
        return f"{text}: a path of Windows. Copy the clip to this machine, and give its path here."
    if os.path.exists(path):  # noqa: PTH110 (as above)
        return f"{text}: a pipe or a device, and a clip is read twice. Write it into a file."
    if "$" in text:
        return f"{text}: there is no such file, and variables ($) are not replaced. Write the whole path."
    return f"{text}: there is no such file.{quotes_hint(text)}"
