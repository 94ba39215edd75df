"""The reference of the library is made from its docstrings."""

import html
import re

import pdoc

import micromotion


def test_every_public_name_is_on_the_page_with_its_docstring() -> None:
    pdoc.render.configure(docformat="google")
    page = pdoc.pdoc("micromotion")
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())
    for name in micromotion.__all__:
        assert f'id="{name}"' in page
        first = getattr(micromotion, name).__doc__.strip().splitlines()[0]
        assert " ".join(first.replace("`", "").split()) in text, name
