"""CLIP as the loss of text anchors needs it: images of a generator and sentences into one space.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (ICML 2021). The networks are
`transformers`' own; here stands how an image reaches them, with gradients: resized to the model's size with
antialiasing, and with the mean and the deviation that it was trained with.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common.errors import TextError
from weights.networks.resampling import bicubic_matrix, resample


class ClipNetwork(nn.Module):
    """Pictures and sentences -> directions in one space.

    Args:
        model: a `transformers.CLIPModel`.
        tokenizer: its `transformers.CLIPTokenizer`.
        mean, deviation: of its training images, RGB, for values in [0, 1].
        name: how a message calls it.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        model: nn.Module,
        tokenizer: Any,
        mean: Sequence[float],
        deviation: Sequence[float],
        name: str,
    ):
        super().__init__()
        config: Any = model.config
        self.model: Any = model
        self.tokenizer, self.name = tokenizer, name
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])  # (3, 1, 1)
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None])
        self.image_size: int = config.vision_config.image_size
        self.most_tokens: int = config.text_config.max_position_embeddings

    def embed_images(self, images: Tensor) -> Tensor:
        """Images' embeddings; gradients pass.

        Args:
            images: (B, 3, S, S) float32, RGB, nominally [-1, 1]; what lies beyond is clipped, with a gradient none the
                less, as no screen shows it.

        Returns:
            (B, E) float32, of unit length.
        """
        shown = images + (images.clamp(-1, 1) - images).detach()
        small = resample((shown + 1) / 2, bicubic_matrix(images.shape[-1], self.image_size))  # (B, 3, P, P)
        seen = self.model.vision_model(pixel_values=(small - self.mean) / self.deviation).pooler_output
        return F.normalize(self.model.visual_projection(seen).float(), dim=1)  # (B, E)

    @torch.no_grad()
    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Prompts' embeddings.

        Returns:
            (N, E) float32, of unit length.

        Raises:
            TextError: a sentence has more tokens than the model can read.
        """
        self.check_texts(texts)
        return self.read(self.tokens(texts))

    def tokens(self, texts: Sequence[str]) -> Mapping[str, Tensor]:
        """Sentences as `read` takes them: numbers of tokens (N, T), the shorter ones padded, and which are none."""
        return self.tokenizer(list(texts), padding=True, return_tensors="pt").to(self.mean.device)

    def read(self, tokens: Mapping[str, Tensor]) -> Tensor:
        """(N, T) tokens -> (N, E) float32, of unit length; gradients pass."""
        read = self.model.text_model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
        return F.normalize(self.model.text_projection(read.pooler_output).float(), dim=1)  # (N, E)

    def check_texts(self, texts: Sequence[str]) -> None:
        """Refuse sentences that would have to be cut short.

        Raises:
            TextError: the longest has more tokens than the model can read.
        """
        lengths = [len(tokens) for tokens in self.tokenizer(list(texts))["input_ids"]]
        longest = max(range(len(texts)), key=lengths.__getitem__)
        if lengths[longest] > self.most_tokens:
            raise TextError(
                f"expected at most {self.most_tokens} tokens, which is what {self.name} reads; "
                f'found {lengths[longest]} in "{texts[longest]}". Say it in fewer words.'
            )
