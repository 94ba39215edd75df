"""The registry: what it lists, and what it refuses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import CheckpointError
from weights.registry import Source, read_registry, registered_models
from weights.store import list_models, sha256

ENTRY = """
{name}:
  about: a model
  parts:
    generator:
      file: {file}
      {source}
      licence: MIT
      permits: any use
      citation: a paper
"""


def entry(name: str = "one", file: str = "one.pt", source: str = "url: https://example.org/one.pt") -> str:
    return ENTRY.format(name=name, file=file, source=source)


def test_the_registry_lists_the_public_families() -> None:
    models = {model.name: model for model in registered_models()}
    assert {"synthface", "ffhq", "ffhq-e4e", "ffhq-e4e-single", "ffhq-nvidia"} <= models.keys()
    assert set(models["ffhq-nvidia"].parts) == {"generator"}


def test_every_part_says_its_licence_what_it_permits_and_its_paper() -> None:
    for model in registered_models():
        for part in model.parts.values():
            assert model.about and part.licence and part.citation
            assert (part.source is None) == part.bundled


def test_whatever_holds_weights_trained_on_ffhq_is_for_non_commercial_use() -> None:
    trained = [part for model in registered_models() for part in model.parts.values() if "FFHQ" in part.licence]
    assert len(trained) >= 6
    assert {part.permits for part in trained} == {"non-commercial"}


def test_a_hash_agrees_with_the_digits_in_a_files_name() -> None:
    """PyTorch's hub names files NAME-DIGITS.EXT after the first digits of their hash; 2DFAN-4 is one of them."""
    named = 0
    for model in registered_models():
        for part in model.parts.values():
            if part.sha256 and (digits := re.search(r"-([0-9a-f]{8,})\.", part.file)):
                assert part.sha256.startswith(f"sha256:{digits[1]}")
                named += 1
    assert named > 0


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (Source("url", "https://example.org/one.pt"), "https://example.org/one.pt"),
        (Source("drive", "1" * 33), f"https://drive.google.com/file/d/{'1' * 33}/view"),
        (Source("hub", "someone/faces/deep/one.pt"), "https://huggingface.co/someone/faces/resolve/main/deep/one.pt"),
        (Source("hub", "someone/faces/one.pt@v2"), "https://huggingface.co/someone/faces/resolve/v2/one.pt"),
    ],
)
def test_a_source_is_something_that_a_browser_opens(source: Source, url: str) -> None:
    assert source.url == url
    assert url in str(source)


def test_an_entry_is_read_as_it_stands() -> None:
    (model,) = read_registry(entry(source=f"hub: someone/faces/one.pt\n      size: 12\n      sha256: '{'0a' * 32}'"))
    part = model.parts["generator"]
    assert (part.file, part.source, part.size) == ("one.pt", Source("hub", "someone/faces/one.pt"), 12)
    assert part.sha256 == f"sha256:{'0a' * 32}"
    assert (model.name, part.licence, part.permits, part.citation) == ("one", "MIT", "any use", "a paper")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2", "not YAML"),
        ("- one", "expected models by name, found list"),
        ("one: {parts: {}}", "one: expected `about` and `parts`"),
        ("one: {about: a, parts: {}}", "one: expected some of the parts generator"),
        ("one: {about: a, parts: {painter: {}}}", "one: expected some of the parts generator"),
        ("one: {about: a, parts: {generator: 3}}", "one generator: expected fields, found int"),
        (entry(source="url: http://example.org/one.pt"), "url: cannot be read"),
        (entry(source="drive: 1/../2"), "drive: cannot be read"),
        (entry(source="hub: one.pt"), "hub: cannot be read"),
        (entry(source="size: 3"), "expected one of url, drive, hub, found none"),
        (entry(source="url: https://a.org/b\n      drive: abcdefghijklmnopqrst"), "found url, drive"),
        (entry(source="url: https://a.org/b\n      size: 0"), "size: expected a number of bytes, found 0"),
        (entry(source="url: https://a.org/b\n      size: true"), "size: expected a number of bytes, found True"),
        (entry(source="url: https://a.org/b\n      sha256: abc"), "sha256: expected 64 hexadecimal digits"),
        (entry(source="url: https://a.org/b\n      hash: abc"), "unknown hash"),
        (entry(source="url: https://a.org/b\n      holds: {pixels: 3}"), "holds: expected some of resolution,"),
        (entry(source="url: https://a.org/b\n      holds: 3"), "holds: expected some of resolution,"),
        (entry(file="../one.pt"), "file: expected a plain name"),
        (entry(file="bundled/one.pt"), "expected no source, for it is bundled, found url"),
        (entry().replace("MIT", "3"), "licence: expected text, found 3"),
        (
            entry().replace("any use", "anything"),
            'permits: expected one of any use, non-commercial, unstated, found "any',
        ),
        (entry().replace("      citation: a paper\n", ""), "missing citation"),
        (entry() + entry("two", source="url: https://example.org/two.pt"), "one.pt is described in another way"),
    ],
)
def test_a_wrong_entry_is_told_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(CheckpointError) as told:
        read_registry(text)
    assert said in str(told.value)
    assert str(told.value).startswith("registry.yaml")


def test_two_models_may_share_a_file() -> None:
    assert len(read_registry(entry() + entry("two"))) == 2


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
@pytest.mark.slow
def test_no_yaml_brings_the_reader_down(value: object) -> None:
    import yaml

    with pytest.raises(CheckpointError):
        read_registry(yaml.safe_dump(value))


def test_the_bundled_files_have_the_hashes_that_the_registry_states() -> None:
    for stored in list_models():
        if stored.origin is None:
            assert stored.published_sha256 == sha256(stored.path)
