"""Which checkpoints make a model: a job's `model`. Without PyTorch, so that a job is read and refused at once."""

from pydantic import Field

from common.settings import Settings


class ModelFiles(Settings):
    """A model as its checkpoints, each a name of the registry or a path: a job's `model`."""

    generator: str = Field(description="StyleGAN2 generator, in whose W+ the motion lies.")
    inverter: str = Field(description="ReStyle inverter, trained on that generator.")
    identity: str = Field(
        default="synthface", description="ArcFace network that measures whether a face stays the same."
    )
    landmarks: str = Field(default="synthface", description="68-point FAN network that aligns faces.")
    clip: str = Field(
        default="synthface",
        description="CLIP that reads prompts: a folder in the hub's format, or a model of the hub that is in its cache "
        "here. The bundled one knows renders only.",
    )


BUNDLED = ModelFiles(generator="synthface", inverter="synthface")
