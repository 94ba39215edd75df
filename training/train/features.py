"""What the family's own networks see in a picture: a loss that asks for features where pixels ask for their mean.

A fold that lies one pixel beside its place costs as many pixels as two folds, and no fold at all costs half of that.
The identity network's first stages and the landmark network's heatmaps hardly mind the pixel, but miss the fold and
the lid (Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016, with
networks that know faces in the place of VGG).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.quality.metrics import identity_crop
from weights.networks.fan import LandmarkNetwork
from weights.networks.irse import IdentityNetwork

STAGES = 3  # of the identity network's units: 56 px and 28 px wide, where folds and lids still have a place
LOCATED = 4  # the landmark network costs twice the generator: it sees every fourth face


class FeatureLoss:
    """Compares images as two trained networks see them.

    Args:
        identity: what makes a face this person's.
        landmarks: where its features lie.
    """

    def __init__(self, identity: IdentityNetwork, landmarks: LandmarkNetwork):
        self.identity = identity.eval().requires_grad_(False)
        self.landmarks = landmarks.eval().requires_grad_(False)

    def __call__(self, images: Tensor, targets: Tensor) -> Tensor:
        """Mean error of the features in shares of their own size; 0 for equal images.

        Args:
            images, targets: (B, 3, 128, 128) in [-1, 1].
        """
        pairs = zip(self._features(images), self._features(targets.detach()), strict=True)
        errors = [(seen - wanted).abs().mean() / wanted.abs().mean().clamp_min(1e-6) for seen, wanted in pairs]
        return torch.stack(errors).mean()

    def _features(self, images: Tensor) -> list[Tensor]:
        enlarged = F.interpolate(images, size=(256, 256), mode="bilinear")
        x = self.identity.input_layer(identity_crop(enlarged))  # (B, C, 112, 112)
        features = [x]
        for stage in range(STAGES):
            x = self.identity.body[stage](x)
            features.append(x)
        return [*features, self.landmarks.heatmaps((images[::LOCATED] + 1) / 2)[-1]]
