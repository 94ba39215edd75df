"""What the tests of speed share."""

from functools import partial

import pytest

from benchmarks.speed import published_job
from weights.networks.irse import Body
from weights.networks.restyle import BackboneEncoder
from weights.networks.stylegan2 import Generator


@pytest.fixture
def narrow_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A published job's networks are of the published layouts and a hundredth of their size: all but the figures."""
    body = Body(stem=16, widths=(16, 16, 16, 16), units=(1, 1, 1, 1))
    channels = {4: 32, 8: 32, 16: 32, 32: 16, 64: 16}
    monkeypatch.setattr(published_job, "BackboneEncoder", partial(BackboneEncoder, body=body, head_width=16))
    monkeypatch.setattr(published_job, "Generator", partial(Generator, channels=channels))
