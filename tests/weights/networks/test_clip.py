"""How images and sentences reach CLIP."""

import numpy as np
import pytest
import torch
from PIL import Image

from common.errors import TextError
from tests.weights.tiny_clip import write_tiny_clip
from weights.load_clip import load_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return load_clip(write_tiny_clip(tmp_path_factory.mktemp("clip")))


def test_a_picture_is_seen_as_clips_own_preprocessing_shows_it(clip):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (128, 128, 3), np.uint8)
    small = Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC)
    prepared = (np.asarray(small, np.float32) / 255 - [0.5, 0.4, 0.3]) / [0.25, 0.26, 0.27]
    wanted = clip.model.get_image_features(pixel_values=torch.from_numpy(prepared).float().permute(2, 0, 1)[None])
    wanted = getattr(wanted, "pooler_output", wanted)
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1
    similarity = torch.cosine_similarity(clip.embed_images(images), wanted)
    assert similarity.item() > 0.9999, "Pillow rounds to bytes, which is all that may differ"
    skipped = torch.nn.functional.interpolate(images, size=32, mode="nearest")
    unlike = clip.model.visual_projection(clip.model.vision_model(pixel_values=skipped).pooler_output)
    assert torch.cosine_similarity(unlike, wanted).item() < 0.999, "the test would not see a skipped step"


def test_gradients_reach_the_picture_also_where_it_is_out_of_range(clip):
    images = torch.full((1, 3, 64, 64), 1.5, requires_grad=True)
    torch.testing.assert_close(clip.embed_images(images), clip.embed_images(torch.ones(1, 3, 64, 64)))
    clip.embed_images(images)[0, 0].backward()
    assert images.grad.abs().sum() > 0


def test_padding_changes_nothing(clip):
    alone = clip.embed_texts(["no smile"])
    beside = clip.embed_texts(["no smile", "a person with a very wide smile"])
    torch.testing.assert_close(alone[0], beside[0], atol=1e-6, rtol=1e-5)


def test_sentences_are_read_at_their_end(clip):
    first, second = clip.embed_texts(["a 10% smile", "a 90% smile"])
    assert (first - second).abs().max() > 1e-4


def test_a_sentence_that_would_be_cut_short_is_refused_with_its_length(clip):
    with pytest.raises(TextError, match='at most 24 tokens.*found 32 in "x x.*fewer words'):
        clip.embed_texts(["a smile", " ".join("x" * 30)])
    clip.check_texts([" ".join("x" * 22)])
