"""Names of countries and languages in the language of the page, countries that are no more among them."""

from functools import lru_cache

from babel import Locale
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

# ISO 3166-3 and the areas that box office figures are counted in; Babel knows only today's countries.
OTHER_TERRITORIES = {
    "SU": _("Soviet Union"),
    "YU": _("Yugoslavia"),
    "CS": _("Czechoslovakia"),
    "CSHH": _("Czechoslovakia"),
    "DD": _("East Germany"),
    "WG": _("West Germany"),
    "VD": _("North Vietnam"),
    "UA-SU": _("Soviet Ukraine"),
    "WW": _("worldwide"),
    "EU": _("European Union"),
}


@lru_cache(maxsize=4)
def _locale(language: str) -> Locale:
    return Locale(language)


def page_locale() -> Locale:
    """Babel's locale for the language of the page."""
    return _locale((get_language() or "en").split("-")[0])


def territory_name(code: str) -> str:
    """A country's name; US+CA names both; an unknown code stays itself."""
    if "+" in code:
        return gettext(" and ").join(territory_name(part) for part in code.split("+"))
    if code in OTHER_TERRITORIES:
        return str(OTHER_TERRITORIES[code])
    return str(page_locale().territories.get(code, code))


def language_name(code: str) -> str:
    """A language's name from its BCP 47 or ISO 639 code; 'zxx' is a film without words."""
    if code == "zxx":
        return gettext("No dialogue")
    if code == "und":
        return gettext("Language not known")
    if code == "mul":
        return gettext("Several languages")
    base = code.split("-")[0]
    name = str(page_locale().languages.get(base, code))
    return name[:1].upper() + name[1:]


def script_name(code: str) -> str:
    """A script's name from its ISO 15924 code."""
    return str(page_locale().scripts.get(code, code))
