"""Verify a checkpoint's hash: the published one, or the one that its first load recorded.

Few publishers of weights state a hash. So the first load that succeeds writes one into `weights.lock` beside the files,
and every later load is compared with it: a file that changed under its name is noticed. Hashing a gigabyte at every
load would be slow, so size and time of change are recorded too, and a file is hashed again only if one of them differs.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from safetensors import SafetensorError, safe_open
from torch import nn

from common.atomic_files import replace_atomically
from common.errors import CheckpointError
from weights.networks.fan import LandmarkNetwork
from weights.networks.irse import IdentityNetwork
from weights.networks.restyle import Inverter
from weights.networks.stylegan2 import Generator
from weights.store import Stored, imported_path, list_models, sha256

NAME = "weights.lock"


@dataclass(frozen=True)
class HashRecord:
    """What is known of a file.

    Attributes:
        sha256: `sha256:…` of its bytes.
        size: its bytes.
        mtime_ns: its time of change, in nanoseconds, when it was hashed last.
        when: when this hash was recorded first, UTC.
    """

    sha256: str
    size: int
    mtime_ns: int
    when: str


def verify_registered(path: Path, network: nn.Module | None = None) -> None:
    """Hold a checkpoint that was loaded to its kind and hash, if it is the registry's; the user's own files may change.

    Args:
        path: any checkpoint. A published file of the weights folder, and what was imported from one, are held.
        network: what was loaded from it.

    Raises:
        CheckpointError: it holds another network than the registry says, or as `held`. Then nothing is recorded.
    """
    place = path.absolute()
    for stored in list_models():
        if stored.origin is None or place not in (stored.path.absolute(), imported_path(stored.path).absolute()):
            continue
        if network is not None:
            expect_kind(stored, network, path)
        imported = place != stored.path.absolute()
        if imported and stored.published_sha256:
            expect_source(stored, path)
        verify_hash(path, "" if imported else stored.published_sha256)
        return


def facts_of(network: nn.Module) -> dict[str, Any]:
    """What distinguishes a network from others of its part, by the names of the registry's `holds`."""
    match network:
        case Generator():
            return {"resolution": network.resolution, "mapping_layers": len(network.style) - 1}
        case Inverter(encoder=encoder):
            kind = {"encoder": type(encoder).__name__, "offsets": encoder.offsets, "inputs": encoder.inputs}
            units = list(encoder.body_size.units)
            return {"resolution": network.decoder.resolution, "units": units, **kind}
        case IdentityNetwork():
            return {"units": list(network.body_size.units)}
        case LandmarkNetwork():
            return {"stacks": network.stacks, "input_size": network.input_size}
    return {}


def expect_kind(stored: Stored, network: nn.Module, path: Path) -> None:
    """Refuse a file that holds another network than the registry says of its name.

    Raises:
        CheckpointError: it does.
    """
    facts = facts_of(network)
    for name, expected in stored.holds.items():
        if facts.get(name) != expected:
            raise CheckpointError(
                f"{path}: it is looked for as the {stored.part} of {stored.model}: expected {name} {expected}, found "
                f"{facts.get(name)}. Give your own file another name, and get the published one again."
            )


def expect_source(stored: Stored, path: Path) -> None:
    """Refuse an imported file that was made of another file than the published one.

    Raises:
        CheckpointError: it was.
    """
    found = source_of(path).get("source_sha256", "nothing that it names")
    if found != stored.published_sha256:
        raise CheckpointError(
            f"{path}: expected a file made of {stored.path.name} ({stored.published_sha256}), found one made of "
            f"{found}. Remove it, and import the published file."
        )


def source_of(path: Path) -> dict[str, str]:
    """What a file of ours says of its source: its metadata as text; nothing of any other file."""
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError):
        return {}


def verify_hash(path: Path, published_sha256: str = "", *, hash_again: bool = False) -> str:
    """Hold a file to the hash that is known of it, and record its hash if none is.

    Call it once the file has shown itself to be what it should be: it is the first verified load that records.

    Args:
        path: a file of the weights folder.
        published_sha256: `sha256:…` as its publisher states it; goes before the recorded one. Empty if none.
        hash_again: read the file whatever its size and time of change say.

    Returns:
        `sha256:…` of the file.

    Raises:
        CheckpointError: it is not the file that was published or recorded, or `weights.lock` cannot be read.
    """
    state = path.stat()
    record = read_lock(path.parent).get(path.name)
    expected = published_sha256 or (record.sha256 if record else "")
    unchanged = record is not None and (record.size, record.mtime_ns) == (state.st_size, state.st_mtime_ns)
    if record is not None and unchanged and record.sha256 == expected and not hash_again:
        return expected
    found = sha256(path)
    if published_sha256 and found != published_sha256:
        raise CheckpointError(
            f"{path}: expected {expected} as published, found {found}. Remove the file and get it again."
        )
    if record is not None and not published_sha256 and found != record.sha256:
        raise CheckpointError(
            f"{path}: expected {expected} as recorded on {record.when[:10]}, found {found}. Get the file again; "
            f"if it was replaced on purpose, take its entry out of {path.with_name(NAME)}."
        )
    when = record.when if record and record.sha256 == found else datetime.now(UTC).isoformat(timespec="seconds")
    made = HashRecord(found, state.st_size, state.st_mtime_ns, when)
    if made != record:
        _write(path, made, needed=record is None and not published_sha256)
    return found


def read_lock(folder: Path) -> Mapping[str, HashRecord]:
    """What is recorded of a folder's files, by their names.

    Raises:
        CheckpointError: `weights.lock` cannot be read.
    """
    path = folder / NAME
    try:
        return {name: HashRecord(**fields) for name, fields in json.loads(path.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error}). Remove it, and the files' hashes are recorded again."
        ) from error


def _write(path: Path, record: HashRecord, needed: bool) -> None:
    """Put one record into the lock file; where the folder cannot be written, warn if the record was needed."""
    place = path.with_name(NAME)
    try:
        with FileLock(place.with_name(f".{NAME}.guard")):
            records = {**read_lock(path.parent), path.name: record}
            text = json.dumps({name: asdict(records[name]) for name in sorted(records)}, indent=2)
            with replace_atomically(place) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        if needed:
            warnings.warn(
                f"{place} cannot be written ({error.strerror}): a later change of {path.name} would not be noticed.",
                stacklevel=3,
            )
