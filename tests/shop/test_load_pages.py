import pytest
from django.core.management import call_command

from shop.models import Page

pytestmark = pytest.mark.django_db


def test_missing_pages_are_added_and_edited_ones_stay(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_pages")
    Page.objects.filter(slug="terms").update(title_en="Our own terms")
    Page.objects.filter(slug="privacy").delete()

    call_command("load_pages")

    assert capsys.readouterr().out.endswith("1 pages added.\n")
    assert Page.objects.get(slug="terms").title_en == "Our own terms"
