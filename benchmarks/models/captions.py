"""What a CLIP knows of rendered faces, on renders that it was not trained on.

    python -m benchmarks.models.captions --renders DIR [DIR ...] [--clip FOLDER] [--generator NAME]

`DIR` are folders of renders in the order in which the networks trained on them; the last 512 faces of the last one are
held out of every training. Each face is asked about twice: in its render, and in the generator's image of its true
code, on which text anchors are made. Retrieval is top-1 among 32 faces and their 32 different descriptions, all in
sentences that training does not use. An amount is read from an image's similarities to the eleven degrees of a
template: the mean of the degrees, weighed by the softmax that CLIP itself takes of similarities. Of several templates
the figures are those of the one with the median rank.

| column | meaning | by chance |
|---|---|---|
| rank | Spearman's correlation of read and true amounts | 0 |
| slope | how much the read amount grows with the true one, all other amounts kept | 0; 1 is wanted |
| off | mean distance between the best fitting degree and the true amount | printed in brackets |
| other | the other amount that the reading follows most, and its slope | |
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stages.motion.prompts import DEGREES, captions
from training.scene.face_code import face_from_code
from training.train.descriptions import AMOUNTS, amounts, describe
from training.train.renders import Renders, complete_codes, load_renders
from weights.load_clip import load_clip
from weights.load_networks import load_generator
from weights.networks.clip import ClipNetwork
from weights.networks.stylegan2 import Generator

TOGETHER = 32  # descriptions that an image is looked for among


@dataclass(frozen=True)
class Reading:
    """How well an amount is read; the module's table says what each figure means.

    Attributes:
        chance: `off`, with the true amounts given to the wrong faces.
        other, other_slope: the other amount that the reading follows most.
    """

    rank: float
    slope: float
    off: float
    chance: float
    other: str
    other_slope: float


def generate(generator: Generator, codes: np.ndarray) -> Tensor:
    """(N, 64) code entries -> (N, 3, S, S) in [-1, 1], the generator's images."""
    whole = complete_codes(codes, np.random.default_rng(0))
    return torch.cat([generator.synthesize(generator.map(part)) for part in whole.split(16)]).clamp(-1, 1)


def embed(clip: ClipNetwork, images: Tensor) -> Tensor:
    """(N, 3, S, S) in [-1, 1] -> (N, E), unit length."""
    return torch.cat([clip.embed_images(part) for part in images.split(64)])


def groups(codes: np.ndarray, rng: np.random.Generator) -> list[tuple[np.ndarray, list[str]]]:
    """Rows of faces and their held-out descriptions, `TOGETHER` at a time and different within each group."""
    made = []
    for start in range(0, len(codes) - TOGETHER + 1, TOGETHER):
        rows = np.arange(start, start + TOGETHER)
        texts: list[str] = []
        for code in codes[rows]:
            face = face_from_code(code.astype(float))
            text = describe(face, rng, held_out=True).text
            while text in texts:
                text = describe(face, rng, held_out=True).text
            texts.append(text)
        made.append((rows, texts))
    return made


def retrieval(seen: Tensor, read: Tensor) -> tuple[float, float]:
    """Shares of images whose description is found first, and of descriptions whose image is.

    Args:
        seen, read: (N, E), unit length, aligned by index.
    """
    similarity, own = seen @ read.T, torch.arange(len(seen))  # (N, N)
    found = [(similarity.argmax(dim=dim) == own).float().mean().item() for dim in (1, 0)]
    return found[0], found[1]


def read_degrees(seen: Tensor, degrees: Tensor, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The amount that images show, 0 to 1: the mean of the degrees, and the one that fits best; each (N,) float64.

    Args:
        seen: (N, E), unit length.
        degrees: (D, E), unit length, from none to all.
        scale: of the logits.
    """
    similarity = (seen @ degrees.T).double()  # (N, D)
    places = torch.linspace(0, 1, len(degrees), dtype=torch.float64)
    return ((scale * similarity).softmax(dim=1) @ places).numpy(), places[similarity.argmax(dim=1)].numpy()


def judge(mean: np.ndarray, best: np.ndarray, truth: np.ndarray, index: int, names: Sequence[str]) -> Reading:
    """How well one amount is read.

    Args:
        mean, best: (N,), as `read_degrees` gives them.
        truth: (N, A), all amounts, N above A.
        index: of the amount among the A `names`.
    """
    from scipy.stats import rankdata  # takes as long to import as everything else here

    rank = np.corrcoef(rankdata(mean), rankdata(truth[:, index]))[0, 1] if np.ptp(mean) > 0 else 0.0
    with_offset = np.column_stack([truth, np.ones(len(truth))])  # (N, A + 1)
    slopes = np.linalg.lstsq(with_offset, mean)[0][:-1]  # (A,)
    others = np.abs(slopes) * (np.arange(len(slopes)) != index)
    most = int(others.argmax())
    return Reading(
        rank=float(rank),
        slope=float(slopes[index]),
        off=float(np.abs(best - truth[:, index]).mean()),
        chance=float(np.abs(best[:, None] - truth[None, :, index]).mean()),
        other=names[most],
        other_slope=float(slopes[most]),
    )


def readings(clip: ClipNetwork, seen: Tensor, truth: np.ndarray, held_out: bool) -> dict[str, Reading]:
    """Every amount, read with the template of the median rank: of those of training, or of those held out of it."""
    scale, names = clip.model.logit_scale.exp().item(), list(AMOUNTS)
    found: dict[str, Reading] = {}
    for index, (name, amount) in enumerate(AMOUNTS.items()):
        templates = amount.held_out if held_out else amount.templates
        read = [read_degrees(seen, clip.embed_texts(captions(template)), scale) for template in templates]
        judged = [judge(mean, best, truth, index, names) for mean, best in read]
        found[name] = sorted(judged, key=lambda one: one.rank)[len(judged) // 2]
    return found


@torch.inference_mode()
def measure(clip: ClipNetwork, images: Tensor, codes: np.ndarray) -> None:
    """Print every figure of one kind of image."""
    seen = embed(clip, images)
    asked = groups(codes, np.random.default_rng(1))
    found = np.mean([retrieval(seen[rows], clip.embed_texts(texts)) for rows, texts in asked], axis=0)
    print(
        f"  among {TOGETHER}, held-out sentences: image to sentence {found[0]:.1%}, "
        f"sentence to image {found[1]:.1%} (by chance {1 / TOGETHER:.1%})"
    )
    truth = amounts(codes)
    for held_out in (False, True):
        print(f"  {'held-out' if held_out else 'learnt'} sentences")
        print(f"    {'':12s} {'rank':>6s} {'slope':>6s} {'off':>5s}         other")
        for name, one in readings(clip, seen, truth, held_out).items():
            print(
                f"    {name:12s} {one.rank:6.3f} {one.slope:6.2f} {one.off:5.2f} ({one.chance:.2f})  "
                f"{one.other_slope:+.2f} {one.other}"
            )


def main() -> None:
    """Measure on renders and on the generator's images."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renders", type=Path, nargs="+", required=True, help="folders with faces.tar and faces.npz")
    parser.add_argument("--clip", default="synthface", help="a folder in the hub's format, or a known model")
    parser.add_argument("--generator", default="synthface", help="a checkpoint file, or a known model")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    held_out: Renders = load_renders(*options.renders).split()[1]
    clip = load_clip(options.clip)
    print(f"{len(held_out)} held-out renders, {len(DEGREES)} degrees")
    print("renders")
    measure(clip, held_out.pixels(np.arange(len(held_out))), held_out.codes)
    print("the generator's images of their codes")
    with torch.inference_mode():
        made = generate(load_generator(options.generator, "cpu"), held_out.codes)
    measure(clip, made, held_out.codes)


if __name__ == "__main__":
    main()
