"""The barcode on a sleeve: as printed, and as the 13 digits that identify the edition everywhere."""

from stdnum import ean
from stdnum.exceptions import ValidationError

GTIN_DIGITS = 13


def gtin(printed: str) -> str:
    """The 13 digits of an EAN-13, UPC-A or EAN-8 code, empty when the check digit is wrong.

    Shorter codes are padded with zeros on the left (GS1 General Specifications, section 3.3.2), so the UPC-A
    and the EAN-13 form of one code are the same. What is printed stays in `Edition.barcode` either way.

    >>> gtin("0 12345 67890 5")
    '0012345678905'
    """
    try:
        digits = ean.validate(printed)
    except ValidationError:
        return ""
    # GTIN-14 identifies a carton of pieces, never the piece.
    return digits.zfill(GTIN_DIGITS) if len(digits) <= GTIN_DIGITS else ""
