import pytest

from catalog import barcodes
from catalog.models import Edition


@pytest.mark.parametrize(
    ("printed", "thirteen"),
    [
        ("5030697012345", ""),
        ("4006381333931", "4006381333931"),
        ("4 006381 333931", "4006381333931"),
        ("4006381-333931", "4006381333931"),
        ("036000291452", "0036000291452"),
        ("96385074", "0000096385074"),
        ("10012345678902", ""),
        ("4006381333932", ""),
        ("no barcode", ""),
        ("", ""),
    ],
)
def test_only_a_right_check_digit_gives_thirteen_digits(printed: str, thirteen: str) -> None:
    assert barcodes.gtin(printed) == thirteen


@pytest.mark.django_db
def test_a_misprinted_code_is_kept_and_flagged() -> None:
    edition = Edition.objects.create(barcode="4006381333932")

    edition.refresh_from_db()
    assert (edition.barcode, edition.gtin, edition.is_barcode_invalid) == ("4006381333932", "", True)


@pytest.mark.django_db
def test_saving_only_the_barcode_saves_its_thirteen_digits_too() -> None:
    edition = Edition.objects.create(barcode="4006381333932")

    edition.barcode = "036000291452"
    edition.save(update_fields=["barcode"])

    edition.refresh_from_db()
    assert (edition.gtin, edition.is_barcode_invalid) == ("0036000291452", False)
