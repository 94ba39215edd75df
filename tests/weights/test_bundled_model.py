"""What is said of the bundled model without its networks is what they are."""

from pathlib import Path

from weights.bundled_model import KnownGenerator, are_bundled, bundled_generator
from weights.load_networks import load_generator
from weights.registry import PARTS
from weights.store import find, sha256


def test_the_bundled_generator_is_described_as_it_is() -> None:
    generator = load_generator("synthface")
    known = KnownGenerator(generator.fingerprint, generator.num_layers, generator.resolution)
    assert bundled_generator({part: find("synthface", part) for part in PARTS}) == known


def test_a_file_in_another_place_or_of_another_hash_is_not_the_bundled_one(tmp_path: Path) -> None:
    paths = {part: find("synthface", part) for part in PARTS}
    hashes: dict[str, str] = {part: sha256(path) for part, path in paths.items()}
    assert are_bundled(paths, hashes)
    for part in PARTS:
        assert not are_bundled({**paths, part: tmp_path / paths[part].name}, hashes)
        assert not are_bundled(paths, {**hashes, part: "sha256:0"})
