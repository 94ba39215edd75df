"""Train the bundled CLIP: renders and what is said of them, in `transformers`' own classes.

    python -m training.train.contrastive --renders DIR --output DIR --minutes 45 [--generator FILE] [--device cuda]

CLIP (Radford et al., ICML 2021) finds out by itself, from hundreds of millions of pairs, what images and sentences
have in common. Here the truth is known, so both towers learn it directly: an image belongs where its face's meaning
lies, a sentence where its own does (`training.train.descriptions`, turned into the shared space by a fixed random
rotation). An amount is an angle there, so that sentences of one template are evenly spaced by degree and change with
nothing else, which is what text anchors need. CLIP's own loss is added: which of a batch's sentences is whose.

Given a generator, half of the images are its own, of codes a little beside the true ones: text anchors are made on
its images, and must not find ways to please that nobody would see. `OUTPUT/clip` is a folder in the hub's format. The
same command resumes a run that was interrupted.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from stages.motion.prompts import DEGREES
from training.scene.face_code import face_from_code
from training.train.augmentation import degrade, move
from training.train.checkpoint import Run, schedule, set_rate, training_options
from training.train.descriptions import AMOUNTS, DIMENSIONS, TURN, amounts, describe, face_meaning, sweep
from training.train.precision import mixed_precision
from training.train.renders import Renders, complete_codes, load_renders
from training.train.vocabulary import learn_merges, write_vocabulary
from weights.load_networks import load_generator
from weights.networks.clip import ClipNetwork

if TYPE_CHECKING:
    from transformers import CLIPModel, CLIPTokenizer

SIZE, PATCH, WIDTH, LAYERS, HEADS = 128, 16, 192, 5, 3
TEXT_WIDTH, TEXT_LAYERS, TEXT_HEADS, POSITIONS = 128, 3, 4, 64
SHARED = 128
FIRST_SCALE = 3.4  # as a logarithm
FIRST_SPREAD = 0.3
# OpenAI's, so that any CLIP preprocessing serves.
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
BATCH = 64
LEARNING_RATE = 1.5e-3
CONTRASTIVE_WEIGHT = 0.02  # its gradient is much the larger
SWEEPS = 3  # amounts whose degrees are all read at each step
POOL = 3000  # images of the generator
CODE_NOISE = 0.15  # in spreads of W
TEXTS_LEARNT_FROM = 20_000


def fresh_clip(folder: Path) -> "tuple[Any, CLIPTokenizer]":
    """A CLIP at the start of its training, with the tokenizer of a folder."""
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer  # seconds, which nobody else has to wait for

    tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True, model_max_length=POSITIONS)
    ends = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.eos_token_id,
    }
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": TEXT_WIDTH,
        "intermediate_size": 4 * TEXT_WIDTH,
        "num_hidden_layers": TEXT_LAYERS,
        "num_attention_heads": TEXT_HEADS,
        "max_position_embeddings": POSITIONS,
        "projection_dim": SHARED,
        **ends,
    }
    vision = {
        "hidden_size": WIDTH,
        "intermediate_size": 4 * WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "image_size": SIZE,
        "patch_size": PATCH,
        "projection_dim": SHARED,
    }
    config = CLIPConfig(
        text_config=text, vision_config=vision, projection_dim=SHARED, logit_scale_init_value=FIRST_SCALE
    )
    model: Any = CLIPModel(config)
    with torch.no_grad():  # OpenAI's spreads, 0.02 and less, take an hour to grow to where places and words tell apart
        model.vision_model.embeddings.position_embedding.weight.normal_(std=FIRST_SPREAD)
        model.text_model.embeddings.token_embedding.weight.normal_(std=FIRST_SPREAD)
        model.text_model.embeddings.position_embedding.weight.normal_(std=FIRST_SPREAD / 3)
    return model, tokenizer


def write_tokenizer(folder: Path, faces: Renders) -> None:
    """The tokenizer's files, learnt from sentences about faces."""
    rng = np.random.default_rng(3)
    rows = rng.integers(0, len(faces), TEXTS_LEARNT_FROM)
    known = {row: face_from_code(faces.codes[row].astype(float)) for row in np.unique(rows)}
    texts = [describe(known[row], rng).text for row in rows]
    for name, amount in AMOUNTS.items():
        texts += [said.text for template in amount.templates for said in sweep(name, template)]
    write_vocabulary(folder, learn_merges(texts))
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": POSITIONS}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    prepared = {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"height": SIZE, "width": SIZE},
        "resample": 3,
        "do_resize": True,
        "do_center_crop": False,
        "do_convert_rgb": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": MEAN,
        "image_std": DEVIATION,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(prepared, indent=2) + "\n")


def save_clip(model: "CLIPModel", folder: Path) -> None:
    """`config.json` and `model.safetensors`, in half precision."""
    model.config.save_pretrained(folder)
    state = {name: tensor.detach().cpu().half().contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", {"format": "pt"})


def generate(generator_file: Path, codes: np.ndarray, device: str) -> np.ndarray:
    """(N, 64) code entries -> (N, S, S, 3) uint8, the generator's images of codes a little beside them."""
    generator = load_generator(generator_file, device)
    rng, noise = np.random.default_rng(5), torch.Generator().manual_seed(5)
    spread = generator.map(torch.randn(2048, 512, generator=noise).to(device))[:, 0].std(dim=0)  # (512,)
    pictures = []
    for start in range(0, len(codes), 32):
        w = generator.map(complete_codes(codes[start : start + 32], rng).to(device))  # (B, L, 512)
        beside = w + CODE_NOISE * spread * torch.randn(w.shape, generator=noise).to(device)
        made = generator.synthesize(beside).clamp(-1, 1)
        pictures.append(((made + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(pictures)


def vary(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(S, S, 3) uint8, a little moved, relit and degraded; never mirrored, as left and right have names."""
    size = image.shape[0]
    middle = np.full(2, size / 2)
    image, _ = move(image, np.zeros((0, 2)), rng, size, middle, size, 3.0, (0.96, 1.05), 0.02, mirror=False)
    image = degrade(image, rng) if rng.random() < 0.5 else image
    return (image * rng.uniform(0.9, 1.1, 3)).clip(0, 255).astype(np.uint8)


def to_pixels(images: np.ndarray, device: str) -> Tensor:
    """(B, S, S, 3) uint8 -> (B, 3, S, S) in [-1, 1]."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1


def layout() -> Tensor:
    """(DIMENSIONS, SHARED) orthonormal rows: where each dimension of a meaning lies in the shared space."""
    turned = np.linalg.qr(np.random.default_rng(13).standard_normal((SHARED, DIMENSIONS)))[0]
    return torch.from_numpy(turned.T.astype(np.float32))


def contrastive_loss(image: Tensor, text: Tensor, scale: Tensor, texts: Sequence[str]) -> Tensor:
    """CLIP's loss; sentences that are the same count as equally right.

    Args:
        image, text: (B, E), unit length.
        scale: scalar, of the logits.
    """
    numbers = {one: index for index, one in enumerate(dict.fromkeys(texts))}
    known = torch.tensor([numbers[one] for one in texts], device=image.device)
    right = (known[:, None] == known[None]).float()  # (B, B)
    right = right / right.sum(dim=1, keepdim=True)
    logits = scale * image @ text.T
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def read_amounts(clip: ClipNetwork, images: np.ndarray, rng: np.random.Generator, held_out: bool = True) -> np.ndarray:
    """(N, A): the amounts as CLIP reads them, each the degree of a template that fits best.

    The similarity over the degrees is a part of a wave, whose phase a sum of sine and cosine finds between degrees.
    """
    angles = torch.linspace(0, TURN, len(DEGREES))
    wave = torch.stack([torch.ones_like(angles), angles.cos(), angles.sin()], dim=1)  # (D, 3)
    with torch.no_grad():
        device = str(clip.mean.device)
        parts = [clip.embed_images(to_pixels(images[i : i + 64], device)).cpu() for i in range(0, len(images), 64)]
    seen, found = torch.cat(parts), []  # (N, E)
    for name, amount in AMOUNTS.items():
        templates = amount.held_out if held_out else amount.templates
        texts = [said.text for said in sweep(name, templates[rng.integers(len(templates))])]
        similarity = seen @ clip.embed_texts(texts).cpu().T  # (N, D)
        fitted = torch.linalg.lstsq(wave, similarity.T).solution  # (3, N)
        angle = torch.atan2(fitted[2], fitted[1])
        found.append((angle / TURN).where(angle > TURN / 2 - np.pi, torch.tensor(1.0)).clamp(0, 1))
    return torch.stack(found, dim=1).numpy()  # (N, A)


def train(
    renders: Sequence[Path], generator: Path | None, output: Path, minutes: float, device: str, batches: int = 1
) -> None:
    """Run until the time is over, from wherever an earlier run in `output` stopped."""
    faces, held_out = load_renders(*renders).split()
    torch.manual_seed(0)
    folder = output / "clip"
    if not (folder / "merges.txt").is_file():
        write_tokenizer(folder, faces)
    model, tokenizer = fresh_clip(folder)
    model.to(device).train()
    clip = ClipNetwork(model, tokenizer, MEAN, DEVIATION, str(folder)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.05, betas=(0.9, 0.98))
    run = Run(output, minutes, model=model, optimizer=optimizer)
    rng = np.random.default_rng(run.step)
    known = [face_from_code(code.astype(float)) for code in faces.codes]
    shown = torch.from_numpy(np.stack([face_meaning(face) for face in known]))  # (N, DIMENSIONS)
    places = layout().to(device)
    pool = np.random.default_rng(5).permutation(len(faces))[:POOL]
    made = generate(generator, faces.codes[pool], device) if generator else None
    batch = BATCH * batches

    def report() -> None:
        model.eval()
        asked = read_amounts(clip, held_out.images[:256], np.random.default_rng(1))
        wanted = amounts(held_out.codes[:256])
        figures = {
            name: round(float(np.corrcoef(asked[:, i], wanted[:, i])[0, 1]), 3) for i, name in enumerate(AMOUNTS)
        }
        model.train()
        run.log(**figures, **{name: round(loss, 3) for name, loss in losses.items()})
        save_clip(model, folder)

    losses: dict[str, float] = {}
    for share in run.steps(report):
        set_rate(optimizer, LEARNING_RATE * schedule(run.step, share, falling=0.8))
        rows = rng.integers(0, len(faces), batch)
        images = faces.images[rows]
        if made is not None:
            drawn = rng.integers(0, len(pool), batch // 2)
            rows = np.concatenate([rows[: batch - batch // 2], pool[drawn]])
            images = np.concatenate([images[: batch - batch // 2], made[drawn]])
        pixels = to_pixels(np.stack([vary(image, rng) for image in images]), device)
        said = [describe(known[row], rng) for row in rows]
        swept = [one for name, template in drawn_templates(rng) for one in sweep(name, template)]
        meanings = torch.from_numpy(np.stack([one.meaning for one in (*said, *swept)])).to(device)
        with mixed_precision(device):
            image = clip.embed_images(pixels)
            # Apart: together, the short sentences would be padded to the longest description.
            text = torch.cat([clip.read(clip.tokens([one.text for one in part])) for part in (said, swept)])
        unlike_face = 1 - (image * F.normalize(shown[rows].to(device) @ places, dim=1)).sum(dim=1).mean()
        unlike_meaning = 1 - (text * F.normalize(meanings @ places, dim=1)).sum(dim=1).mean()
        scale = model.logit_scale.exp().clamp(max=100)
        paired = contrastive_loss(image, text[:batch], scale, [one.text for one in said])
        loss = unlike_face + unlike_meaning + CONTRASTIVE_WEIGHT * paired
        losses = {"face": unlike_face.item(), "meaning": unlike_meaning.item(), "paired": paired.item()}
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def drawn_templates(rng: np.random.Generator) -> list[tuple[str, str]]:
    """A few amounts, each with one of its templates."""
    names = [list(AMOUNTS)[index] for index in rng.permutation(len(AMOUNTS))[:SWEEPS]]
    return [(name, AMOUNTS[name].templates[rng.integers(len(AMOUNTS[name].templates))]) for name in names]


if __name__ == "__main__":
    parser = training_options(__doc__, minutes=45)
    parser.add_argument("--generator", type=Path, help="a generator whose images are learnt from too")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    train(options.renders, options.generator, options.output, options.minutes, options.device, options.batches)
