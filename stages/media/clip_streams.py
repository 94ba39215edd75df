"""Which of a file's streams is the clip, and what decodes it, where ffmpeg's own choice is not the best.

Animated AVIF and HEIC hold a still of themselves before the animation. ffmpeg's own decoder of VP9 passes over damage
and transparency, and its decoder of VP8 over transparency; those of libvpx do not.
"""

import re
from dataclasses import dataclass, field

INPUT = re.compile(r"\[info\]   Stream #0:(\d+)\S*: Video: (\w+)")
MAPPED = re.compile(r"\[info\]   Stream #0:(\d+)\S* -> #0:0 \((\w+)")
TRANSPARENT = re.compile(r"\[info\]  +alpha_mode +: 1", re.IGNORECASE)


@dataclass(frozen=True)
class StreamSource:
    """What is decoded, and how.

    Attributes:
        stream: its number in the file; None where ffmpeg chooses.
        decoder: ffmpeg's name; "" where it chooses.
    """

    stream: int | None = None
    decoder: str = ""

    @property
    def before(self) -> tuple[str, ...]:
        """ffmpeg's arguments before the input."""
        return (f"-c:{self.stream}", self.decoder) if self.decoder else ()

    @property
    def after(self) -> tuple[str, ...]:
        """ffmpeg's arguments after the input."""
        return ("-map", f"0:{self.stream}") if self.stream is not None else ()


WHOLE = StreamSource()


@dataclass
class Streams:
    """What ffmpeg says of a file's streams of images, read line by line.

    Attributes:
        found: their numbers, covers left out.
        chosen, codec: the one that is decoded.
        transparent: whether one says that it has alpha beside it.
    """

    found: list[int] = field(default_factory=list)
    chosen: int | None = None
    codec: str = ""
    transparent: bool = False

    def read(self, line: str) -> None:
        """Take one line of the report."""
        if self.chosen is not None:
            return
        if mapped := MAPPED.match(line):
            self.chosen, self.codec = int(mapped[1]), mapped[2]
        elif (stream := INPUT.match(line)) and "(attached pic)" not in line:
            self.found.append(int(stream[1]))
        elif TRANSPARENT.match(line):
            self.transparent = True

    def decoder_for(self, source: StreamSource) -> StreamSource | None:
        """The same stream with a better decoder, once it is known that there is one."""
        if self.chosen is None or source.decoder:
            return None
        if self.codec == "vp9":
            return StreamSource(self.chosen, "libvpx-vp9")
        return StreamSource(self.chosen, "libvpx") if self.codec == "vp8" and self.transparent else None

    def moving(self, source: StreamSource, frames: int) -> StreamSource | None:
        """Another stream, where the one that was chosen holds a single image."""
        if frames != 1 or source.stream is not None:
            return None
        others = [stream for stream in self.found if stream != self.chosen]
        return StreamSource(others[0]) if others else None
