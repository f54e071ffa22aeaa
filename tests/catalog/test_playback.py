"""Will it play? The table of domain.md: region and standard are two checks."""

from dataclasses import dataclass, field

import pytest
from django.test import Client

from catalog.playback import Answer, Player, check, player_for_country, player_from_cookie
from tests.catalog.shelf import a_film, a_piece, an_edition_of

GREECE = player_for_country("GR")
AMERICA = player_for_country("US")
JAPAN = player_for_country("JP")
REGION_FREE = Player(region="2", bluray_region="B", is_multi_region=True)
OLD_PAL = Player(region="2", bluray_region="B", accepts_ntsc=False, has_bluray=False, has_uhd=False)


@dataclass
class Disc:
    regions: list[str] = field(default_factory=list)
    video_standard: str = ""
    bluray_regions: list[str] = field(default_factory=list)
    rce: bool = False
    disc_format: str = "DVD-9"


CASES = [
    # disc, player, answer
    (Disc(["2"], "PAL"), GREECE, Answer.YES),
    (Disc(["2"], "PAL"), JAPAN, Answer.NEEDS_STANDARD),
    (Disc(["2"], "NTSC"), JAPAN, Answer.YES),
    (Disc(["2"], "NTSC"), GREECE, Answer.YES),
    (Disc(["2"], "NTSC"), OLD_PAL, Answer.NEEDS_STANDARD),
    (Disc(["2"], "SECAM"), GREECE, Answer.YES),
    (Disc(["1"], "NTSC"), GREECE, Answer.MULTI_REGION),
    (Disc(["1"], "NTSC"), REGION_FREE, Answer.YES),
    (Disc(["1"], "NTSC", rce=True), REGION_FREE, Answer.NO),
    (Disc(["1"], "NTSC", rce=True), AMERICA, Answer.YES),
    (Disc(["1"], "NTSC", rce=True), GREECE, Answer.NO),
    (Disc(["2"], "PAL"), AMERICA, Answer.MULTI_REGION),
    (Disc(["1", "2"], "NTSC"), GREECE, Answer.YES),
    (Disc(["0"], "PAL"), GREECE, Answer.YES),
    (Disc(["0"], "PAL"), AMERICA, Answer.NEEDS_STANDARD),
    (Disc(["ALL"], "NTSC"), AMERICA, Answer.YES),
    (Disc(["8"], "PAL"), GREECE, Answer.MULTI_REGION),
    (Disc([], "PAL"), GREECE, Answer.UNKNOWN),
    (Disc(["2"], ""), GREECE, Answer.UNKNOWN),
    (Disc(["1"], ""), GREECE, Answer.MULTI_REGION),
    (Disc(disc_format="BD-50", bluray_regions=["B"]), GREECE, Answer.YES),
    (Disc(disc_format="BD-50", bluray_regions=["A"]), GREECE, Answer.MULTI_REGION),
    (Disc(disc_format="BD-50", bluray_regions=["ABC"]), JAPAN, Answer.YES),
    (Disc(disc_format="BD-50"), GREECE, Answer.UNKNOWN),
    (Disc(disc_format="BD-50", bluray_regions=["B"]), OLD_PAL, Answer.NO),
    (Disc(disc_format="UHD-66"), AMERICA, Answer.YES),
    (Disc(disc_format="UHD-66"), OLD_PAL, Answer.NO),
    (Disc(disc_format="VHS"), GREECE, Answer.UNKNOWN),
]


@pytest.mark.parametrize(("disc", "player", "answer"), CASES)
def test_a_disc_gets_its_answer(disc: Disc, player: Player, answer: Answer) -> None:
    verdict = check(disc, player)
    assert verdict.answer == answer
    assert verdict.reason
    assert verdict.short


def test_the_reason_names_both_obstacles() -> None:
    reason = check(Disc(["2"], "PAL"), AMERICA).reason
    assert "region 1" in reason
    assert "PAL" in reason


def test_a_reason_names_the_country_of_the_player() -> None:
    assert "a player bought in Greece" in check(Disc(["2"], "PAL"), GREECE).reason


def test_an_unknown_country_has_the_shops_player() -> None:
    assert player_for_country("QQ") == GREECE


def test_a_profile_survives_its_cookie() -> None:
    assert player_from_cookie(OLD_PAL.to_cookie()) == OLD_PAL


@pytest.mark.parametrize("value", ["", "x", "9-B-11111", "2-Z-11111", "2-B-1111", "2-B-21111", "2-B-11111; drop"])
def test_a_bent_cookie_is_no_profile(value: str) -> None:
    assert player_from_cookie(value) is None


@pytest.mark.django_db
def test_a_page_answers_for_the_visitors_own_player(client: Client) -> None:
    url = a_piece(an_edition_of(a_film(), regions=["1"], video_standard="NTSC")).get_absolute_url()
    assert "A multi-region player shows it." in client.get(url).text
    client.cookies["player"] = Player(region="1", bluray_region="A").to_cookie()
    assert "suit your player" in client.get(url).text


PROFILE = {"region": "1", "bluray_region": "A", "ntsc": "on", "bluray": "on"}


@pytest.mark.django_db
def test_the_form_keeps_a_profile_in_a_cookie(client: Client) -> None:
    response = client.post("/player/", {**PROFILE, "next": "/dvds/"})
    assert response.status_code == 302
    assert response["Location"] == "/dvds/"
    player = player_from_cookie(response.cookies["player"].value)
    assert player == Player(region="1", bluray_region="A", accepts_pal=False, has_uhd=False)


@pytest.mark.django_db
def test_the_form_leads_to_no_other_site(client: Client) -> None:
    response = client.post("/player/", {**PROFILE, "next": "https://example.org/"})
    assert response["Location"] == "/will-it-play/"


@pytest.mark.django_db
def test_the_form_refuses_what_is_no_region(client: Client) -> None:
    response = client.post("/player/", {**PROFILE, "region": "9"})
    assert response.status_code == 422
    assert "player" not in response.cookies


@pytest.mark.django_db
def test_a_profile_can_be_forgotten(client: Client) -> None:
    client.cookies["player"] = OLD_PAL.to_cookie()
    response = client.post("/player/", {"forget": "1"})
    assert response.cookies["player"]["max-age"] == 0


@pytest.mark.django_db
def test_another_sites_form_is_refused(client: Client) -> None:
    response = client.post("/player/", PROFILE, headers={"sec-fetch-site": "cross-site"})
    assert response.status_code == 403
