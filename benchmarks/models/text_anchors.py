"""Motions made from prompts: do they move what they name, and only that, and does the face stay itself?

    python -m benchmarks.models.text_anchors [--device cpu] [--seeds 4] [--output DIR]

Each prompt becomes a micromotion as a job makes it, which is then put on the 24 demo faces at strength 1. A judge
that knows nothing of CLIP (`benchmarks.models.attributes`) reads each face's attributes at rest and at the extreme, in
units of their spread over renders. Three tables: the prompts; the smile that a prompt makes beside the smile that a
clip makes, against the true renderings of the truth benchmark; all degrees in one batch beside one after another. `DIR`
receives the anchors and, of each prompt, the faces at rest and at the extreme.
"""

import argparse
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks.models.attributes import Judge, load_judge
from benchmarks.truth.bench import Bench
from benchmarks.truth.data import load_truth
from benchmarks.truth.methods import joint_pcp
from benchmarks.truth.motions import measure_method
from common.errors import UserError
from manifests.schema import read_manifest
from micromotion import read_image
from stages.base import finish
from stages.faces.align import align_face
from stages.fit_prompt import fit_identities
from stages.invert import invert_crops
from stages.latent_optimisation import Optimisation, optimise_anchors, start_code
from stages.media.encode import render_frames
from stages.models import Models, ModelSettings
from stages.motion.identities import agreement
from stages.motion.micromotion import Micromotion
from stages.motion.prompts import captions
from stages.quality.video import embed_frames
from stages.text_anchors import anchors_of_identity

MANIFEST = Path(__file__).parents[2] / "manifests/demo.parquet"
ROUNDS = 3


@dataclass(frozen=True)
class Claim:
    """A prompt, and what it should move.

    Attributes:
        prompt: with `{degree}`.
        attribute: of the judge.
        sign: in which direction.
        settings: how the anchors are made.
    """

    prompt: str
    attribute: str
    sign: int
    settings: Optimisation = field(default_factory=Optimisation)


CLAIMS = {
    "smile": Claim("a person with {degree} smile", "smile", +1),
    "eyes closed": Claim("a person with eyes {degree} closed", "blink", +1),
    "age": Claim("a {degree} old person with gray hair", "age", +1),
    "head turn": Claim(
        "a person with head turned {degree} to the left",
        "turn",
        -1,
        # As jobs/text_head_turn.yaml: a turn lies far away, and in the first layers alone.
        Optimisation(layers=(0, 4), distance_weight=0.002),
    ),
}


def demo_codes(models: Models, most: int | None = None) -> Tensor:
    """The demo faces, or the first of them, found, aligned and inverted: (N, L, 512)."""
    crops = []
    for path in read_manifest(MANIFEST).images()[:most]:
        image = read_image(path)
        crops.append(align_face(image, models.finder.find(image).landmarks))
    parts = [crops[start : start + 12] for start in range(0, len(crops), 12)]
    return torch.cat([invert_crops(models.inverter, np.stack(part)).codes for part in parts])


def make_motion(models: Models, prompt: str, seeds: range, settings: Optimisation) -> tuple[Micromotion, Tensor]:
    """A prompt's motion as a job makes it, and the codes that it is made of, (S, D, L, 512)."""
    texts = captions(prompt)
    rows = [
        finish(anchors_of_identity(models, {"index": index, "seed": seed}, texts, settings))
        for index, seed in enumerate(seeds)
    ]
    codes, landmarks = (torch.tensor(np.stack([row[name] for row in rows])) for name in ("code", "landmarks"))
    return fit_identities(codes, landmarks, prompt, models.generator.fingerprint), codes


def render_codes(models: Models, codes: Tensor) -> np.ndarray:
    """(N, L, 512) -> (N, S, S, 3) uint8."""
    return np.concatenate(list(render_frames(models.generator, codes)))


def measure_claim(models: Models, judge: Judge, codes: Tensor, motion: Micromotion, claim: Claim) -> dict[str, float]:
    """What a motion does to faces (N, L, 512)."""
    rest, extreme = render_codes(models, codes), render_codes(models, codes + motion.direction)
    change = judge.read(models, extreme) - judge.read(models, rest)  # (N, A)
    asked = judge.names.index(claim.attribute)
    own = claim.sign * change[:, asked]
    others = np.delete(np.abs(change), asked, axis=1)
    at_rest, moved = embed_frames(models, rest), embed_frames(models, extreme)
    alike = F.cosine_similarity(at_rest, moved)  # (N,)
    between = (at_rest @ at_rest.T)[~torch.eye(len(codes), dtype=torch.bool)]
    return {
        "right way": float((own > 0).mean()),
        "most": float((own > others.max(axis=1)).mean()),
        "by": float(np.median(own)),
        "largest other": float(np.median(others.max(axis=1))),
        "csim": float(alike.median()),
        "lowest csim": float(alike.min()),
        "other people": float(between.quantile(0.95)),
    }


def compare_with_clip(models: Models, motion: Micromotion, people: int) -> None:
    """Print a text-made smile beside the clip-made one, both against true renderings of the same people."""
    bench = Bench(load_truth(), models)
    reached = torch.from_numpy(bench.truth.clip_progress).float()
    places = np.linspace(0, len(reached) - 1, 32).round().astype(int)
    from_text = reached[places][:, None, None] * motion.direction  # (32, L, 512)
    print("\nsmile against the truth (medians)   correlation  amplitude   error   leak  CSIM drop (true)")
    for name, method in (("from the clip", joint_pcp), ("from the prompt", lambda anchors: from_text)):
        found = measure_method(bench, bench.truth.motions.index("smile"), method, people=people)
        middle = {figure: statistics.median(values) for figure, values in found.items() if values}
        print(
            f"  {name:32s} {middle['correlation']:12.3f} {middle['amplitude']:10.2f} {middle['error']:7.4f} "
            f"{middle['leak']:6.4f} {middle['csim_drop']:10.3f} ({middle['true_drop']:.3f})"
        )


def compare_speed(models: Models) -> None:
    """Print the time of all degrees in one batch beside one after another, in turn, medians of a few rounds."""
    texts = captions(CLAIMS["smile"].prompt)
    few = Optimisation(steps=4)
    start = start_code(models.generator, 1, few.truncation)
    seconds: dict[str, list[float]] = {"in one batch": [], "one after another": []}
    for _ in range(ROUNDS):
        for name, together in (("in one batch", len(texts)), ("one after another", 1)):
            begun = time.perf_counter()
            optimise_anchors(models.generator, models.clip, models.identity, start, texts, few, together=together)
            seconds[name].append(time.perf_counter() - begun)
    batch, single = (statistics.median(values) / few.steps for values in seconds.values())
    print(f"\nspeed: a step of {len(texts)} degrees {batch:.2f} s in one batch, {single:.2f} s one after another")
    print(f"       (ratio {single / batch:.2f}, medians of {ROUNDS} rounds in turn, {models.device})")


def write_faces(path: Path, models: Models, codes: Tensor, motion: Micromotion) -> None:
    """Faces at rest above the same at the extreme, as a PNG file."""
    rows = [np.concatenate(list(render_codes(models, some)), axis=1) for some in (codes, codes + motion.direction)]
    Image.fromarray(np.concatenate(rows)).save(path)


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="cpu, cuda, or auto")
    parser.add_argument("--seeds", type=int, default=4, help="identities that make the anchors, as a job's default")
    parser.add_argument("--people", type=int, default=24, help="of the truth benchmark")
    parser.add_argument("--output", type=Path, help="folder for pictures")
    options = parser.parse_args()
    seeds = range(1, options.seeds + 1)
    try:
        models = Models(ModelSettings(device=options.device))
        judge = load_judge(models)
        codes = demo_codes(models)
        if options.output:
            options.output.mkdir(parents=True, exist_ok=True)
        motions = {}
        print(f"{len(codes)} demo faces, {options.seeds} identities a prompt, strength 1; attributes in spreads")
        print("prompt        right way   most of all   by    largest other   CSIM (lowest)   other people   agreement")
        for name, claim in CLAIMS.items():
            motions[name], anchors = make_motion(models, claim.prompt, seeds, claim.settings)
            found = measure_claim(models, judge, codes, motions[name], claim)
            alike = agreement(anchors)
            print(
                f"  {name:12s} {found['right way']:10.0%} {found['most']:13.0%} {found['by']:6.2f} "
                f"{found['largest other']:13.2f} {found['csim']:10.2f} ({found['lowest csim']:.2f}) "
                f"{found['other people']:13.2f} {alike:12.2f}",
                flush=True,
            )
            if options.output:
                write_faces(options.output / f"{name.replace(' ', '_')}.png", models, codes[:12], motions[name])
        compare_with_clip(models, motions["smile"], options.people)
        compare_speed(models)
    except UserError as mistake:
        parser.exit(2, f"{mistake}\n")


if __name__ == "__main__":
    main()
