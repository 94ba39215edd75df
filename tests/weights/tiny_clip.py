"""A CLIP of a few thousand random weights, in a folder of the hub's format."""

import json
from pathlib import Path

import pytest
import torch


def write_tiny_clip(folder: Path, image_size: int = 32, positions: int = 24) -> Path:
    """All files of a CLIP, as `save_pretrained` and OpenAI's tokenizer write them; the same each time."""
    transformers = pytest.importorskip("transformers")
    from training.train.vocabulary import write_vocabulary

    write_vocabulary(folder, [("s", "m"), ("sm", "i"), ("smi", "l"), ("smil", "e</w>")])
    count = len(json.loads((folder / "vocab.json").read_text()))
    shared = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"bos_token_id": count - 2, "eos_token_id": count - 1, "pad_token_id": count - 1}
    text = {**shared, "vocab_size": count, "max_position_embeddings": positions, **ends}
    vision = {**shared, "image_size": image_size, "patch_size": 8}
    torch.manual_seed(0)
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
    transformers.CLIPModel(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"image_mean": [0.5, 0.4, 0.3], "image_std": [0.25, 0.26, 0.27]})
    )
    return folder
