"""Will it play? Region and video standard are two separate checks: Japan is region 2 and NTSC."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.names import territory_name
from catalog.vocabularies import DvdRegion, VideoStandard

PLAYER_COOKIE = "player"
FREE_REGIONS = frozenset({DvdRegion.REGION_0.value, DvdRegion.ALL.value})
_PLAYER = re.compile(r"^([1-6])-([ABC])-([01])([01])([01])([01])([01])$")


class Answer(TextChoices):
    """The five answers, in the order of how good they are."""

    YES = "yes", gettext_lazy("Plays for you")
    MULTI_REGION = "multi_region", gettext_lazy("Plays on a multi-region player")
    NEEDS_STANDARD = "needs_standard", gettext_lazy("Needs PAL or NTSC support")
    NO = "no", gettext_lazy("Will not play for you")
    UNKNOWN = "unknown", gettext_lazy("Not known")


class Disc(Protocol):
    """The facts of an edition that decide whether it plays."""

    regions: list[str]
    bluray_regions: list[str]
    rce: bool
    video_standard: str
    disc_format: str


@dataclass(frozen=True, kw_only=True)
class Player:
    """What the visitor plays discs on. `country` is where it was bought, empty for a profile of one's own."""

    country: str = ""
    region: str
    bluray_region: str
    is_multi_region: bool = False
    accepts_pal: bool = True
    accepts_ntsc: bool = True
    has_bluray: bool = True
    has_uhd: bool = True

    def standards(self) -> list[str]:
        """Video standards it can show; SECAM discs are PAL pictures."""
        found = [VideoStandard.PAL.value, VideoStandard.SECAM.value] if self.accepts_pal else []
        return [*found, VideoStandard.NTSC.value] if self.accepts_ntsc else found

    def to_cookie(self) -> str:
        flags = (self.is_multi_region, self.accepts_pal, self.accepts_ntsc, self.has_bluray, self.has_uhd)
        return f"{self.region}-{self.bluray_region}-{''.join('1' if flag else '0' for flag in flags)}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """An answer and its reason in words; `short` fits on a card."""

    answer: Answer
    reason: str
    short: str

    @property
    def tone(self) -> str:
        """Which colour says it."""
        return {
            Answer.YES: "good", Answer.MULTI_REGION: "warn", Answer.NEEDS_STANDARD: "warn", Answer.NO: "bad",
        }.get(self.answer, "")  # fmt: skip


@lru_cache(maxsize=1)
def players_by_country() -> Mapping[str, Player]:
    """What a player bought in each country usually is (fixtures/region_by_country.csv).

    Players sold in PAL countries play NTSC too; those of NTSC countries often refuse PAL.
    """
    found = {}
    with (settings.BASE_DIR / "fixtures" / "region_by_country.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["dvd_region"] not in DvdRegion.values:
                continue
            found[row["iso2"]] = Player(
                country=row["iso2"],
                region=row["dvd_region"],
                bluray_region=row["bluray_region"],
                accepts_pal=row["dvd_video_standard"] != VideoStandard.NTSC,
            )
    return found


def player_for_country(country: str) -> Player:
    """The usual player of a country; that of Greece for a country the table lacks."""
    table = players_by_country()
    return table.get(country) or table["GR"]


def player_from_cookie(value: str | None) -> Player | None:
    """The visitor's own profile, or None when there is none or it is malformed."""
    match = _PLAYER.match(value or "")
    if match is None:
        return None
    multi, pal, ntsc, bluray, uhd = (flag == "1" for flag in match.groups()[2:])
    return Player(
        region=match[1],
        bluray_region=match[2],
        is_multi_region=multi,
        accepts_pal=pal,
        accepts_ntsc=ntsc,
        has_bluray=bluray,
        has_uhd=uhd,
    )


def player_of(request: Any) -> Player:
    """The player a request is answered for: the visitor's profile, else the usual one of their country."""
    own = player_from_cookie(request.COOKIES.get(PLAYER_COOKIE))
    return own or player_for_country(getattr(request, "country", "GR"))


def is_bluray(disc_format: str) -> bool:
    return disc_format.startswith("BD")


def is_uhd(disc_format: str) -> bool:
    return disc_format.startswith("UHD")


def is_dvd(disc_format: str) -> bool:
    return disc_format.startswith("DVD")


def check(disc: Disc, player: Player) -> Verdict:
    """Whether a disc plays on a player, and why."""
    if is_uhd(disc.disc_format):
        return _check_uhd(player)
    if is_bluray(disc.disc_format):
        return _check_bluray(disc, player)
    if is_dvd(disc.disc_format):
        return _check_dvd(disc, player)
    return Verdict(
        answer=Answer.UNKNOWN,
        reason=_("This format needs a machine of its own; we cannot tell from your player."),
        short=_("needs its own machine"),
    )


def _owner(player: Player) -> str:
    if player.country:
        return _("a player bought in {country}").format(country=territory_name(player.country))
    return _("your player")


def _check_uhd(player: Player) -> Verdict:
    if player.has_uhd:
        return Verdict(
            answer=Answer.YES,
            reason=_("Ultra HD Blu-ray has no regions: any Ultra HD player shows it."),
            short=_("plays for you"),
        )
    return Verdict(
        answer=Answer.NO,
        reason=_("It needs an Ultra HD Blu-ray player."),
        short=_("needs Ultra HD"),
    )


def _check_bluray(disc: Disc, player: Player) -> Verdict:
    if not player.has_bluray:
        return Verdict(answer=Answer.NO, reason=_("It needs a Blu-ray player."), short=_("needs Blu-ray"))
    if not disc.bluray_regions:
        return _unknown(_("The Blu-ray region of this edition is not known."))
    regions = _regions_in_words(disc.bluray_regions)
    if "ABC" in disc.bluray_regions or player.bluray_region in disc.bluray_regions or player.is_multi_region:
        return Verdict(
            answer=Answer.YES,
            reason=_("Blu-ray region {regions} suits {player}.").format(regions=regions, player=_owner(player)),
            short=_("plays for you"),
        )
    return Verdict(
        answer=Answer.MULTI_REGION,
        reason=_("Blu-ray region {regions}; {player} has region {own}. A multi-region player shows it.").format(
            regions=regions, player=_owner(player), own=player.bluray_region
        ),
        short=_("region {regions}").format(regions=regions),
    )


def _check_dvd(disc: Disc, player: Player) -> Verdict:
    region = _dvd_region_answer(disc, player)
    standard = _standard_answer(disc, player)
    regions = _regions_in_words(disc.regions)
    if region is Answer.NO:
        reason = _("Region {regions}, and this disc refuses players made region-free (RCE).").format(regions=regions)
        return Verdict(answer=region, reason=reason, short=_("region {regions}").format(regions=regions))
    if region is Answer.MULTI_REGION:
        reason = _("Region {regions}; {player} has region {own}. A multi-region player shows it.").format(
            regions=regions, player=_owner(player), own=player.region
        )
        if standard is Answer.NEEDS_STANDARD:
            reason += " " + _("It must also show {standard}.").format(standard=disc.video_standard)
        return Verdict(answer=region, reason=reason, short=_("region {regions}").format(regions=regions))
    if region is Answer.UNKNOWN:
        return _unknown(_("The region of this edition is not known."))
    if standard is Answer.UNKNOWN:
        return _unknown(
            _("Region {regions} suits {player}, but whether the disc is PAL or NTSC is not known.").format(
                regions=regions, player=_owner(player)
            )
        )
    if standard is Answer.NEEDS_STANDARD:
        return Verdict(
            answer=standard,
            reason=_("Region {regions} suits {player}, but player and television must also show {standard}.").format(
                regions=regions, player=_owner(player), standard=disc.video_standard
            ),
            short=_("needs {standard}").format(standard=disc.video_standard),
        )
    return Verdict(
        answer=Answer.YES,
        reason=_("Region {regions} and {standard} suit {player}.").format(
            regions=regions, standard=disc.video_standard, player=_owner(player)
        ),
        short=_("plays for you"),
    )


def _dvd_region_answer(disc: Disc, player: Player) -> Answer:
    if not disc.regions:
        return Answer.UNKNOWN
    if FREE_REGIONS & set(disc.regions):
        return Answer.YES
    if player.is_multi_region:
        # A region-free player answers "any region" when asked; an RCE disc takes that for a refusal.
        return Answer.NO if disc.rce else Answer.YES
    if player.region in disc.regions:
        return Answer.YES
    return Answer.NO if disc.rce else Answer.MULTI_REGION


def _standard_answer(disc: Disc, player: Player) -> Answer:
    if not disc.video_standard:
        return Answer.UNKNOWN
    return Answer.YES if disc.video_standard in player.standards() else Answer.NEEDS_STANDARD


def _unknown(reason: str) -> Verdict:
    return Verdict(answer=Answer.UNKNOWN, reason=reason, short=_("not known"))


def _regions_in_words(regions: Iterable[str]) -> str:
    """'2', '2 and 4', or 'free' in words for discs without a lock."""
    codes = list(regions)
    if FREE_REGIONS & set(codes):
        return "0"
    return " + ".join(codes)
