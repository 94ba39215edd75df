"""A target's first half: fetch, decode, find the face, align it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from common.errors import Reason, RowError
from common.redaction import describe_error, one_line
from stages.base import Row, RowStatus, Stage, Target
from stages.faces.align import CROP_SIZE, align_face, face_quad
from stages.faces.rotations import find_in_any_rotation
from stages.media.decode_image import decode_image
from stages.media.fetch_image import fetch
from stages.models import Models, ModelSettings


@dataclass(frozen=True)
class AlignFacesSettings:
    """What `AlignFaces` needs.

    Attributes:
        model: the model's files.
        digests: for each motion, a hash of all that decides its videos besides the image.
        done: what is finished already.
        fetch_timeout: seconds that an image may take to arrive.
    """

    model: ModelSettings = field(default_factory=ModelSettings)
    digests: Mapping[str, str] = field(default_factory=dict)
    done: frozenset[Target] = frozenset()
    fetch_timeout: float = 60.0


def content_key(data: bytes, digest: str, strength: float) -> str:
    """A target's key, in hex: the image's bytes and everything that decides what is made of it.

    Row numbers and file names play no part, so that a manifest may be sorted, split or moved between runs.
    """
    key = hashlib.sha256(f"{digest}\n{strength!r}\n".encode())
    key.update(data)
    return key.hexdigest()


class AlignFaces(Stage):
    """A row of the manifest, with `crop` and all that the second half needs added to it.

    Reads `order`, `id`, `image`, `motion`, `strength`; adds `status` (ready, kept, or failed with `reason` and
    `message`), `key`, `crop` ((256, 256, 3) uint8), `quad` (8 floats), `landmarks` (136 floats), `faces` (how many the
    image shows). A row that is not ready has None for the arrays.
    """

    def __init__(self, settings: AlignFacesSettings):
        self.models = Models(settings.model)
        self.settings = settings

    def process(self, row: Row) -> Row:
        """The row with its face found, or with the reason why there is none."""
        return row | self._align(row)

    def _align(self, row: Row) -> Row:
        """The columns that this stage adds."""
        gained: Row = {
            "status": RowStatus.READY,
            "reason": "",
            "message": "",
            "key": "",
            "crop": None,
            "quad": None,
            "landmarks": None,
            "faces": 0,
        }
        try:
            data = fetch(row["image"], self.settings.fetch_timeout)
            gained["key"] = content_key(data, self.settings.digests[row["motion"]], float(row["strength"]))
            if Target(row["id"], gained["key"]) in self.settings.done:
                return gained | {"status": RowStatus.KEPT}
            image = decode_image(data, row["image"])
            face = find_in_any_rotation(self.models.finder, image)
            gained["crop"] = align_face(image, face.landmarks, CROP_SIZE)
            gained["quad"] = face_quad(face.landmarks).ravel()
            gained["landmarks"] = face.landmarks.ravel()
            gained["faces"] = face.others + 1
        except RowError as error:
            gained |= {"status": RowStatus.FAILED, "reason": error.reason, "message": one_line(str(error))}
        except Exception as error:  # it keeps its key, so that only `retry` tries it again
            gained |= {
                "status": RowStatus.FAILED,
                "reason": Reason.INTERNAL_ERROR,
                "message": f"{type(error).__name__}: {describe_error(error)}.",
            }
        return gained
