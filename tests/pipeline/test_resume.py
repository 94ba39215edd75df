"""A run killed at any instant goes on with the same command, and a local run talks to nobody."""

import ipaddress
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.output.ledger import Ledger

SCRIPT = Path(__file__).with_name("tiny_run.py")
COUNT = 20


def make_pictures(folder: Path) -> Path:
    folder.mkdir()
    for index in range(COUNT):
        (folder / f"f{index:02}.png").write_bytes(bytes([index]))
    return folder


def command(output: Path, pictures: Path, seconds: float) -> list[str]:
    return [sys.executable, str(SCRIPT), str(output), str(pictures), str(seconds)]


def environment(repository: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}


def stored(output: Path) -> int:
    return Ledger(output).rows().num_rows if (output / "ledger").is_dir() else 0


def wait_for_rows(output: Path, count: int, process: subprocess.Popen[str]) -> None:
    limit = time.monotonic() + 300
    while stored(output) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit, "no rows within five minutes"
        time.sleep(0.1)


def marks(output: Path) -> list[str]:
    return [mark.name.split("+")[0] for mark in (output / "made").iterdir()]


@dataclass(frozen=True)
class Resumed:
    """A run that was killed, and the same command once more.

    Attributes:
        output: of both.
        before: rows that were stored when the first one was killed.
        end: of the second.
        addresses: every internet address to which the second or a process of its connected or sent.
        home: its HOME.
    """

    output: Path
    before: int
    end: subprocess.CompletedProcess[str]
    addresses: set[str]
    home: Path


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Resumed:
    folder = tmp_path_factory.mktemp("killed")
    output, pictures, home = folder / "out", make_pictures(folder / "pictures"), folder / "home"
    home.mkdir()
    start = subprocess.Popen(
        command(output, pictures, 1.0),
        env=environment(repository),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_rows(output, 4, start)
    start.send_signal(signal.SIGKILL)
    start.wait()
    before = stored(output)
    end, addresses = traced(command(output, pictures, 0.0), environment(repository) | {"HOME": str(home)}, folder)
    return Resumed(output, before, end, addresses, home)


def test_a_killed_run_resumes_and_repeats_only_what_was_in_flight(resumed: Resumed) -> None:
    output, end = resumed.output, resumed.end
    assert resumed.before < COUNT
    assert end.returncode == 0, end.stderr
    kept = int(end.stdout.split()[3])
    assert end.stdout == f"done {COUNT - kept} kept {kept} failed 0\n"
    assert kept >= resumed.before
    repeated = len(marks(output)) - len(set(marks(output)))
    assert set(marks(output)) == {f"f{index:02}" for index in range(COUNT)}
    # Two workers, each with one row in hand; a row counts as in flight until its part is on the disk.
    assert repeated <= 2 + 2
    assert end.stderr == ""


def test_a_local_run_connects_to_nothing_but_this_machine(resumed: Resumed) -> None:
    assert resumed.addresses, "nothing was seen, although Ray's own processes talk to each other"
    # The remote end of a socket that is not connected has no address.
    elsewhere = {address for address in resumed.addresses if address not in ("0.0.0.0", "::")}
    assert {address for address in elsewhere if not only_here(address)} == set()
    assert list(resumed.home.rglob("*")) == [], "the user's home is not Ray's to write in"


def test_an_interrupted_run_finishes_what_is_in_hand_and_begins_nothing_more(tmp_path: Path, repository: Path) -> None:
    output, pictures = tmp_path / "out", make_pictures(tmp_path / "pictures")
    run = subprocess.Popen(
        command(output, pictures, 1.0),
        env=environment(repository),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_rows(output, 2, run)
    heard = listeners(run.pid)
    assert heard, "nothing was seen, although Ray's own processes take connections"
    assert {address for address in heard if not only_here(address)} == set()
    run.send_signal(signal.SIGINT)
    said, complained = run.communicate(timeout=300)
    assert run.returncode == 130, complained
    assert (said, complained) == ("", "")
    done = Ledger(output).done()
    assert 2 <= len(done) < COUNT
    assert sorted(marks(output)) == sorted(target.id for target in done), "a row was begun and not finished"
    assert {target.id for target in done} == {video.stem for video in (output / "videos").glob("*.mp4")}


def test_a_listener_for_everybody_is_seen_and_told_from_one_on_the_loopback() -> None:
    with socket.create_server(("0.0.0.0", 0)), socket.create_server(("127.0.0.1", 0)):
        heard = listeners(os.getpid())
    assert {"0.0.0.0", "127.0.0.1"} <= heard
    assert only_here("127.0.0.1") and only_here("::1")
    assert not any(map(only_here, ("0.0.0.0", "::", "10.0.0.7")))


def only_here(address: str) -> bool:
    """Whether this machine alone can reach an address; "0.0.0.0" and "::" as a listener's mean everybody."""
    return ipaddress.ip_address(address.removeprefix("::ffff:")).is_loopback


def traced(run: list[str], env: dict[str, str], folder: Path) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """A command's end, and every internet address that it and its children connect or send to."""
    if strace := shutil.which("strace"):
        log = folder / "strace.log"
        calls = "trace=connect,sendto,sendmsg,sendmmsg"
        # With the kernel's own filter other calls are as fast as ever.
        follow = [strace, "-f", "--seccomp-bpf", "-qq", "-e", calls, "-o", str(log)]
        end = subprocess.run([*follow, *run], env=env, capture_output=True, text=True)
        text = log.read_text(errors="replace")
        return end, set(
            re.findall(r'inet_addr\("([^"]+)"\)', text) + re.findall(r'inet_pton\(AF_INET6, "([^"]+)"', text)
        )
    process = subprocess.Popen(run, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen: set[str] = set()
    while process.poll() is None:
        seen.update(peers(process.pid))
        time.sleep(0.005)
    said, complained = process.communicate()
    return subprocess.CompletedProcess(run, process.returncode, said, complained), seen


def listeners(root: int) -> set[str]:
    """Addresses on which a process and its descendants take connections."""
    return set(ends(root, "0A", 1))


def peers(root: int) -> Iterator[str]:
    """Without strace: the remote ends of all sockets of a process and its descendants."""
    return ends(root, "", 2)


def ends(root: int, state: str, field: int) -> Iterator[str]:
    """Local (1) or remote (2) addresses of the sockets of a process and its descendants, as the kernel lists them."""
    family = {root}
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    for _ in range(8):
        family |= {child for child, parent in parents.items() if parent in family}
    inodes = set()
    for process in family:
        with suppress(OSError):
            for link in Path(f"/proc/{process}/fd").iterdir():
                with suppress(OSError):  # closed meanwhile, which is no reason to leave out the others
                    inodes.add(str(link.readlink()))
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            if f"socket:[{fields[9]}]" in inodes and fields[3].startswith(state):
                yield shown(fields[field].split(":")[0])


def shown(address: str) -> str:
    """An address as the kernel prints it, in hexadecimal words of this machine's order, as people write it."""
    words = [bytes.fromhex(address[start : start + 8])[::-1] for start in range(0, len(address), 8)]
    parsed = ipaddress.ip_address(b"".join(words))
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)
