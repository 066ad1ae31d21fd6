"""Small bilingual corpora for tests, written as real files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

Pair = tuple[str, str]


def sentence(number: int, target: str, source: str) -> str:
    """A pair of spans as localized files hold them."""
    name = f"a1b2c-{number}"
    return (
        f'<span data-ttu-id="{name}">{target}</span><span class="sxs-lookup">'
        f'<span data-stu-id="{name}">{source}</span></span>'
    )


def bilingual(title: Pair, steps: Sequence[Pair], date: str = "01/31/2021") -> str:
    """An article with a heading and numbered steps."""
    lines = ["---", f"ms.date: {date}", "---", f"# {sentence(101, *title)}", ""]
    lines += [f"{n}. {sentence(101 + n, *step)}" for n, step in enumerate(steps, 1)]
    return "\n".join(lines) + "\n"


VPN_TR = bilingual(
    ("VPN'e bağlanın", "Connect to the VPN"),
    [("Ayarlar'ı açın.", "Open Settings."), ("Bağlan'ı seçin.", "Select Connect.")],
)
VPN_DE = bilingual(
    ("Mit dem VPN verbinden", "Connect to the VPN"),
    [
        ("Öffnen Sie die Einstellungen.", "Open Settings."),
        ("Wählen Sie Verbinden.", "Select Connect."),
    ],
)
PRINTER_TR = bilingual(
    ("Yazıcı yazdırmıyor", "The printer does not print"),
    [
        ("Yazıcıyı yeniden başlatın.", "Restart the printer."),
        ("Kağıt ekleyin.", "Add paper."),
    ],
)


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below a folder, and return the folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def write_long_article(folder: Path) -> Path:
    """An English article of three sections, `badge`, below a new folder of articles."""
    sections = {
        "Order a badge": "Ask at the reception for a badge order form.",
        "Replace a lost badge": "Report the lost badge to security, who block it at once.",
        "Badge for visitors": "Register visitors a day before they come.",
    }
    lines = ["# Badges"]
    for heading, first in sections.items():
        lines += ["", f"## {heading}", "", f"1. {first}"]
        lines += [f"1. Do step {step} of {heading.lower()}." for step in range(2, 8)]
    path = folder / "en-US" / "badge.md"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return folder
