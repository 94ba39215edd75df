"""The exceptions, and who has to act on each.

    MicromotionError
    ├── UserError                  the user's mistake, found before work began: exit code 2
    │   ├── JobError               a job file's field
    │   ├── ManifestError          a manifest's file, column or row
    │   ├── ClipError              a reference clip that cannot serve
    │   ├── TextError              a prompt, or its degrees, from which no anchors can be made
    │   ├── CheckpointError        a weights file of another kind, shape or family, or damaged
    │   ├── MotionFileError        a micromotion's file that cannot be read or written
    │   ├── MotionMismatch         a micromotion made on another generator
    │   ├── ExtraMissing           an optional part of this package that is not installed
    │   ├── OutputError            an output folder that cannot be used
    │   └── ClusterError           a cluster on which the job cannot fit
    ├── WorkStopped                the engine failed under a run: what is done is kept
    │   └── EngineDied             its own processes are gone: with new ones the run goes on
    ├── OutputUnavailable          results have nowhere to go for now: a full disk, a mount that went away
    └── RowError                   one target's failure: carries a `Reason`; its neighbours go on
        ├── UnreadableImage        unreadable_image
        ├── NoFace                 no_face
        ├── FaceTooSmall           face_too_small
        ├── InversionDiverged      inversion_diverged
        ├── EncodeFailed           encode_failed
        │   └── EncoderKilled      the same; another attempt may do
        └── TimedOut               timed_out

The module imports nothing but redaction, so that every room may raise from the one tree.
"""

from enum import StrEnum

from common.redaction import redact

# How a message ends that says why a run stopped before its end.
RESUME = "What is done is kept; resume by running the same command again."


class Reason(StrEnum):
    """Why a row failed: a closed set, by which the report groups."""

    UNREADABLE_IMAGE = "unreadable_image"
    NO_FACE = "no_face"
    FACE_TOO_SMALL = "face_too_small"
    INVERSION_DIVERGED = "inversion_diverged"
    ENCODE_FAILED = "encode_failed"
    WORKER_CRASHED = "worker_crashed"
    TIMED_OUT = "timed_out"
    INTERNAL_ERROR = "internal_error"


class MicromotionError(Exception):
    """Anything this package raises on purpose. Its text is one sentence for a person."""

    def __str__(self) -> str:
        """The sentence without credentials: to whoever calls the library an error is how text leaves the program."""
        return redact(super().__str__())

    def __reduce__(self) -> tuple[object, ...]:
        """Between processes an error travels as its kind and its text, whatever it is made from."""
        return _restore, (type(self), self.args), self.__dict__


def _restore(kind: type[MicromotionError], args: tuple[object, ...]) -> MicromotionError:
    error = kind.__new__(kind)
    error.args = args
    return error


class UserError(MicromotionError):
    """Input that a person has to change; nothing was started."""


class JobError(UserError):
    """A job file, or one of its fields, is wrong."""


class ManifestError(UserError):
    """A manifest cannot be read, or has a row or column that cannot be used."""


class ClipError(UserError):
    """A reference clip cannot be decoded or shows no usable face."""


class TextError(UserError):
    """A prompt, or its list of degrees, cannot make anchors."""


class CheckpointError(UserError):
    """A weights file is missing, damaged, or not what was expected."""


class MotionFileError(UserError):
    """A micromotion's file is missing, damaged, or of another kind or version."""


class MotionMismatch(UserError):
    """A micromotion belongs to another generator than the codes it is applied to."""

    def __init__(self, expected: object, actual: object, source: str = "") -> None:
        named = f' (made from "{source}")' if source else ""
        super().__init__(
            f"the micromotion{named} does not fit this generator: expected {expected}, found {actual}. "
            "Extract it again with the model that the job names."
        )


class ExtraMissing(UserError):
    """What was asked for needs packages that are not installed; the text names the command that installs them."""


class OutputError(UserError):
    """An output folder cannot be written, or belongs to another run."""


class ClusterError(UserError):
    """The job's actors cannot fit on the cluster."""


class WorkStopped(MicromotionError):
    """The cluster, or every worker, failed while a job ran; running the same command again resumes it."""


class EngineDied(WorkStopped):
    """Ray's own processes died under the work; the supervisor, or the same command, starts new ones."""


class OutputUnavailable(MicromotionError):
    """Results cannot be written for now, through no fault of the row: the disk is full, or its mount went away."""


class RowError(MicromotionError):
    """One row failed for a reason of its own."""

    reason: Reason = Reason.INTERNAL_ERROR


class UnreadableImage(RowError):
    """An image's bytes cannot be fetched or decoded."""

    reason = Reason.UNREADABLE_IMAGE


class NoFace(RowError):
    """No face was found."""

    reason = Reason.NO_FACE


class FaceTooSmall(RowError):
    """The largest face has too few pixels to invert."""

    reason = Reason.FACE_TOO_SMALL


class InversionDiverged(RowError):
    """The inverter's code is not finite, or its rendering is nothing like the face."""

    reason = Reason.INVERSION_DIVERGED


class EncodeFailed(RowError):
    """ffmpeg did not write the video."""

    reason = Reason.ENCODE_FAILED


class EncoderKilled(EncodeFailed):
    """ffmpeg was killed from outside, as a system does that runs out of memory."""


class TimedOut(RowError):
    """The row took longer than the job allows."""

    reason = Reason.TIMED_OUT
