"""The public addresses of a docset, as the configuration of docfx 3 tells them.

`docfx.json` names the host (`hostName`) and the path below it (`basePath`); a page's address is
`https://HOST/LOCALE/BASE/PATH`, without a suffix.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from corpus.files import Root

_NAME = "docfx.json"
# A docset's articles stand no deeper below its configuration.
_DEEPEST = 3


def with_docset_address(root: Root) -> Root:
    """The folder with the address that its docset has, unless it was given one already."""
    folder = root.path.parent if root.path.is_file() else root.path
    if root.defaults.base_url:
        return root
    for config in _above(folder):
        if address := _address(config, folder, root.defaults.locale):
            defaults = dataclasses.replace(root.defaults, base_url=address)
            return dataclasses.replace(root, defaults=defaults)
    return root


def _above(folder: Path) -> Iterator[Path]:
    """The configurations in a folder and above it, up to the repository's own folder."""
    place = folder.resolve()
    for _ in range(_DEEPEST):
        if (place / _NAME).is_file():
            yield place / _NAME
        if (place / ".git").exists() or place == place.parent:
            return
        place = place.parent


def _address(config: Path, folder: Path, locale: str | None) -> str | None:
    try:
        data: Any = json.loads(config.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None
    host = data.get("hostName") if isinstance(data, dict) else None
    if not isinstance(host, str) or not host:
        return None
    base = data.get("basePath", "")
    below = folder.resolve().relative_to(config.parent.resolve()).as_posix()
    parts = [locale.lower() if locale else "", str(base), "" if below == "." else below]
    path = "/".join(part.strip("/") for part in parts if part.strip("/"))
    return f"https://{host}/{quote(path)}"
