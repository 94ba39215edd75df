"""What ffmpeg says of a clip that it decodes, read line by line: its frames, their times and colours, any damage."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from common.errors import ClipError
from common.redaction import cut
from stages.media.clip_streams import WHOLE, Streams, StreamSource

LARGEST_FRAME = 70_000_000  # pixels; twice of 8K
FRAME = re.compile(
    r" pts: *(?P<pts>-?\d+|NOPTS) .* fmt:(?P<fmt>\S+) .*sar:(?P<sar>\d+/\d+) s:(?P<size>\d+x\d+) i:(?P<scan>\S)"
)
COLOURS = re.compile(
    r"color_range:(?P<range>\S+) color_space:(?P<matrix>\S+) color_primaries:(?P<primaries>\S+) "
    r"color_trc:(?P<transfer>\S+)"
)
# Lines that showinfo writes piece by piece. What another thread says meanwhile gets onto the same line, without a word
# on whether it is an error.
PIECEMEAL = re.compile(r"\] (n: |color_range|alpha_mode)")
WHOLE_LINE = re.compile(rf"\] (n: .* type:\S|{COLOURS.pattern}|alpha_mode:\S+)\s*$")
# So are the lines that describe input and output; the rest of one that was broken off stands on a line of its own.
BROKEN_OFF = re.compile(r"\[info\](?! (  |Input #|Output #|Stream mapping:|frame=))")
# How recordings begin that start between two key frames: what comes before the first whole image is not missed.
MID_START = re.compile(
    r"non-existing|no frame!|decode_slice_header|out of range|Could not find ref|does not exist|eference picture|"
    r"mmco|RASL|Invalid frame dimensions 0x0|concealing|slice type|header damaged|sequence header|"
    r"rror submitting packet"
)
# Images after it may still lean on some before it; decoders leave these out, and say so.
LEANING = re.compile(r"co located POCs|eference picture|mmco|Could not find ref")
LEANING_FRAMES = 32
# Of the part of ffmpeg that would write, to which nothing goes.
WRITING = re.compile(r"^\[(null|out|vost|aost)|Error opening output")
EXPORT_SDR = "Export it in BT.709 (SDR)."
SPHERE = re.compile(r"\[info\] +Spherical Mapping: (?!rectilinear)([a-z -]+)", re.IGNORECASE)
STEREO = re.compile(r"\[info\] +Stereo 3D: (?!2D|unspecified)([a-z ]+)", re.IGNORECASE)
# The mark of a line's level follows the parts of ffmpeg that say it; in a clip's title it is a word as any other.
COMPLAINT = re.compile(
    r"(\[[^]]+ @ \w+\] )*\[(error|fatal|warning(?=\] (corrupt (input packet|decoded frame)|Packet corrupt)))\]"
)


@dataclass
class ScannedClip:
    """What one pass over a clip has shown.

    Attributes:
        times: (N,) float64 seconds, rising, of every frame.
        exact: whether the times are those of the file; else some were missing or falling and lie between others.
        steady: whether nothing but the image changes on the way: no tags of colour, no pixel format.
        width, height: as frames are stored, after the container's rotation and cropping.
        pixel_format: ffmpeg's name.
        sar: a pixel's width for its height, 1.0 where it is not said.
        range, matrix, primaries, transfer: ffmpeg's names; `unknown` where they are not said.
        interlaced: "" for progressive frames, else which field is first: `tff` or `bff`.
        notes: sentences' ends on what a person should know.
        source: which of the file's streams it is, and with what it is decoded.
    """

    times: np.ndarray
    exact: bool = True
    steady: bool = True
    width: int = 0
    height: int = 0
    pixel_format: str = ""
    sar: float = 1.0
    range: str = "unknown"
    matrix: str = "unknown"
    primaries: str = "unknown"
    transfer: str = "unknown"
    interlaced: str = ""
    notes: list[str] = field(default_factory=list)
    source: StreamSource = WHOLE


class ScanReport:
    """One pass of ffmpeg over a clip.

    Args:
        path: the clip, for messages.

    Attributes:
        mixed: whether something was said in the middle of something else, so that an error may be missed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mixed = False
        self.moments: list[float] = []
        self.base = 1.0
        self.clip = ScannedClip(np.zeros(0))
        self.complaint = ""
        self.fields: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.duration = 0.0
        self.sound = self.nothing = self.mid_start = self.from_zero = False
        self.streams = Streams()

    def read(self, line: str) -> None:
        """Take one line."""
        self.streams.read(line)
        if COMPLAINT.match(line):
            self._complain(line)
        if config := re.search(r"config in time_base: (\d+)/(\d+)", line):  # also behind other words on one line
            self.base = int(config[1]) / int(config[2])
            self.clip.steady = not self.moments
        elif "Parsed_showinfo" in line:
            self._frame(line)
        elif "Parsed_idet" in line:
            if counts := re.search(r"Multi frame detection: TFF: *(\d+) BFF: *(\d+) Progressive: *(\d+)", line):
                # Once as the filters are set up, and again at the end of the clip, or where its properties change.
                self.found.update(dict(zip(("tff", "bff", "progressive"), map(int, counts.groups()), strict=True)))
        elif "does not contain any stream" in line:
            self.nothing = True
        elif stated := re.match(r"\[info\]   Duration: (\d+):(\d+):([\d.]+), start: (-?[\d.]+)", line):
            hours, minutes, seconds = (float(part) for part in stated.groups()[:3])
            # Matroska counts from zero, others from the first moment that they hold.
            before = max(float(stated[4]), 0.0) if self.from_zero else 0.0
            self.duration = 3600 * hours + 60 * minutes + seconds - before
        elif line.startswith("[info] Input #0, matroska"):
            self.from_zero = True
        elif re.match(r"\[info\]   Stream #\S+: Audio", line):
            self.sound = True
        elif stereo := STEREO.match(line):
            raise ClipError(
                f"{self.path}: a clip in 3D, with both eyes' images in its frames ({stereo[1].strip()}). Export the "
                "image of one eye."
            )
        elif sphere := SPHERE.match(line):
            raise ClipError(
                f"{self.path}: a 360° clip, whose frames are a sphere's map ({sphere[1].strip()}). Export a flat view "
                "of the face."
            )
        elif BROKEN_OFF.match(line):
            self.mixed = True
        elif "DOVI configuration record" in line and re.search(r"profile: 5\b", line):
            raise ClipError(
                f"{self.path}: Dolby Vision of profile 5, whose colours only its own players know. Export it as SDR."
            )

    def _frame(self, line: str) -> None:
        self.mixed |= PIECEMEAL.search(line) is not None and WHOLE_LINE.search(line) is None
        if shown := FRAME.search(line):
            self.moments.append(np.nan if shown["pts"] == "NOPTS" else int(shown["pts"]) * self.base)
            self.fields[shown["scan"]] += 1
            width, height = map(int, shown["size"].split("x"))
            if len(self.moments) > 1:
                if (width, height) != (self.clip.width, self.clip.height):
                    raise ClipError(
                        f"{self.path}: its frames change from {self.clip.width}x{self.clip.height} to {width}x{height} "
                        f"at frame {len(self.moments)}. Export it in one size."
                    )
                return
            if width * height > LARGEST_FRAME:
                raise ClipError(
                    f"{self.path}: its frames have {width}x{height} pixels, more than {LARGEST_FRAME // 10**6} "
                    "million. Export it smaller."
                )
            self.clip.width, self.clip.height, self.clip.pixel_format = width, height, shown["fmt"]
            wide, high = map(int, shown["sar"].split("/"))
            self.clip.sar = wide / high if wide and high else 1.0
        elif len(self.moments) == 1 and (colours := COLOURS.search(line)):
            self.clip.range, self.clip.matrix, self.clip.primaries, self.clip.transfer = colours.groups()

    def _complain(self, line: str) -> None:
        if self.complaint or WRITING.search(line):
            return
        if not self.moments and MID_START.search(line):
            self.mid_start = True
            return
        if self.mid_start and len(self.moments) < LEANING_FRAMES and LEANING.search(line):
            return
        # Not for a person: by which part of the program, and at which address.
        text = " ".join(re.sub(r"\[[^\]]*\]", "", line).split())
        if text.startswith("Unsupported input"):
            kind = re.search(r"csp:\S+ prim:\S+ trc:\S+", text)
            raise ClipError(
                f"{self.path}: colours not known here ({kind[0] if kind else cut(text, 200)}). {EXPORT_SDR}"
            )
        if text and not text.startswith("Error opening input file"):
            self.complaint = cut(text, 200).rstrip(".")

    def result(self) -> ScannedClip:
        """What the whole report says.

        Raises:
            ClipError: as `scan_clip` does.
        """
        if self.nothing:
            raise ClipError(f"{self.path}: has no images, only sound or data. Use a video.")
        if self.complaint or not self.moments:
            reason = self.complaint or "no frame could be decoded"
            raise ClipError(f"{self.path}: damaged, or not a video ({reason}). Copy or export it again.")
        self._look_at_times()
        self._look_at_fields()
        return self.clip

    def _look_at_times(self) -> None:
        times = np.array(self.moments)
        count = np.arange(len(times))
        best = np.fmax.accumulate(np.where(np.isfinite(times), times, -np.inf))
        sound = np.isfinite(times) & (times > np.concatenate([[-np.inf], best[:-1]]))
        self.clip.exact = bool(sound.all())
        if sound.sum() < 2:
            times, self.clip.exact = count / 25.0, len(times) < 2
            self.clip.notes.append("it has no times of its frames: taken as 25 a second")
        elif not self.clip.exact:
            step = float(np.median(np.diff(times[sound]) / np.diff(count[sound])))
            times = np.interp(count, count[sound], times[sound])
            first, last = count[sound][0], count[sound][-1]
            times[:first] -= step * (first - count[:first])
            times[last + 1 :] += step * (count[last + 1 :] - last)
            self.clip.notes.append(
                f"the times of {int((~sound).sum())} of {len(times)} frames are missing or fall; put between the others"
            )
        self.clip.times = times
        if len(times) > 1:
            missing = self.duration - float(times[-1] - min(times[0], 0.0)) - float(np.diff(times).max())
            if missing > max(0.5, 0.1 * self.duration):
                if not self.sound:
                    raise ClipError(
                        f"{self.path}: cut short: it should last {self.duration:.1f} s, and its frames end at "
                        f"{times[-1]:.1f} s. Copy or export it again."
                    )
                self.clip.notes.append(f"its images end {missing:.1f} s before the file does")

    def _look_at_fields(self) -> None:
        """Interlaced is what is seen to be: fields that are marked may well belong to one moment (PsF)."""
        top, bottom, progressive = self.found["tff"], self.found["bff"], self.found["progressive"]
        woven = max(top, bottom)
        # Fine textures look woven now the one way, now the other.
        if len(self.moments) > 1 and woven > 3 * min(top, bottom) and woven > 2 * progressive:
            marked = self.fields["T"] + self.fields["B"]
            if marked > 0.5 * len(self.moments):
                top, bottom = self.fields["T"], self.fields["B"]
            if woven > 0.25 * len(self.moments):
                self.clip.interlaced = "tff" if top >= bottom else "bff"
