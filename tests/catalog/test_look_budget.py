"""Bytes and contrast of the look (quality.md, WCAG 2.2 AA)."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "static"
CSS_BYTES, JS_BYTES, FONT_BYTES = 12 * 1024, 10 * 1024, 100 * 1024
# What an English listing page with a Russian film needs: Latin, the Greek of the top bar, the original title.
FONTS_OF_A_LISTING = (
    "commissioner-latin", "commissioner-greek", "literata-latin-normal", "literata-cyrillic-italic",
)  # fmt: skip


def test_style_sheets_of_a_listing_fit() -> None:
    templates = [Path(settings.BASE_DIR) / "templates" / name for name in ("base.html", "catalog/listing.html")]
    sheets = {name for path in templates for name in re.findall(r"static 'css/(\w+\.css)'", path.read_text())}
    assert {"tokens.css", "listing.css"} <= sheets
    assert sum(len(gzip.compress((STATIC / "css" / name).read_bytes())) for name in sheets) <= CSS_BYTES


def test_our_scripts_fit() -> None:
    sizes = [len(gzip.compress(path.read_bytes())) for path in (STATIC / "js").glob("*.js")]
    assert sum(sizes) <= JS_BYTES


def test_fonts_of_a_listing_fit() -> None:
    sizes = [(STATIC / "fonts" / f"{name}.woff2").stat().st_size for name in FONTS_OF_A_LISTING]
    assert sum(sizes) <= FONT_BYTES


def test_every_font_face_has_its_file_and_licence() -> None:
    css = (STATIC / "css" / "fonts.css").read_text()
    files = re.findall(r'url\("\.\./fonts/([^"]+)"\)', css)
    assert files
    assert all((STATIC / "fonts" / name).exists() for name in files)
    assert {"OFL-Commissioner.txt", "OFL-Literata.txt"} <= {path.name for path in (STATIC / "fonts").iterdir()}


def test_no_colour_is_named_outside_the_tokens() -> None:
    for path in (STATIC / "css").glob("*.css"):
        if path.name not in ("tokens.css", "print.css"):
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", path.read_text()), path.name


def _schemes() -> dict[str, dict[str, str]]:
    text = (STATIC / "css" / "tokens.css").read_text()
    light, dark = text.split("@media", 1)
    values = {
        name: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part))
        for name, part in (("light", light), ("dark", dark))
    }
    return {"light": values["light"], "dark": values["light"] | values["dark"]}


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TEXT_PAIRS = [
    ("ink", "paper"), ("ink", "sheet"), ("ink", "hair"), ("soft", "paper"), ("soft", "sheet"), ("accent", "paper"),
    ("accent", "sheet"), ("accent-ink", "accent"), ("accent-ink", "accent-deep"), ("good", "good-bg"),
    ("good", "paper"), ("warn", "warn-bg"), ("warn", "paper"), ("bad", "bad-bg"), ("bad", "paper"), ("paper", "ink"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_can_be_read(scheme: str, text: str, ground: str) -> None:
    tokens = _schemes()[scheme]
    assert _contrast(tokens[text], tokens[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "sheet"])
def test_edges_of_fields_can_be_seen(scheme: str, ground: str) -> None:
    tokens = _schemes()[scheme]
    assert _contrast(tokens["edge"], tokens[ground]) >= 3
