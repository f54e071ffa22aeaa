"""Orders and their frozen lines."""

import secrets
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from catalog.models import Listing
from catalog.vocabularies import TaxScheme
from checkout.models.currency import RateSet
from checkout.models.reservation import Reservation
from checkout.vocabularies import NOTES, MailKind, OrderEventKind, PaymentMethod, label_of


class OrderState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    AWAITING_PAYMENT = "awaiting_payment", _("Awaiting payment")
    PAID = "paid", _("Paid")
    PACKED = "packed", _("Packed")
    SHIPPED = "shipped", _("Shipped")
    DELIVERED = "delivered", _("Delivered")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    WITHDRAWAL_REQUESTED = "withdrawal_requested", _("Withdrawal requested")
    RETURNED = "returned", _("Returned")


# Every legal move; the database refuses all others (migration order_states).
ORDER_MOVES: dict[OrderState, tuple[OrderState, ...]] = {
    OrderState.DRAFT: (OrderState.AWAITING_PAYMENT, OrderState.EXPIRED),
    OrderState.AWAITING_PAYMENT: (OrderState.PAID, OrderState.EXPIRED, OrderState.CANCELLED),
    OrderState.PAID: (
        OrderState.PACKED,
        # Gift vouchers are delivered by mail the moment they are paid.
        OrderState.DELIVERED,
        OrderState.CANCELLED,
        OrderState.WITHDRAWAL_REQUESTED,
    ),
    OrderState.PACKED: (
        OrderState.PAID,
        OrderState.SHIPPED,
        OrderState.CANCELLED,
        OrderState.WITHDRAWAL_REQUESTED,
    ),
    OrderState.SHIPPED: (OrderState.DELIVERED, OrderState.WITHDRAWAL_REQUESTED),
    OrderState.DELIVERED: (OrderState.WITHDRAWAL_REQUESTED,),
    # A payment that arrives late revives an expired order when its pieces are still free.
    OrderState.EXPIRED: (OrderState.PAID,),
    OrderState.CANCELLED: (),
    OrderState.WITHDRAWAL_REQUESTED: (OrderState.RETURNED, OrderState.DELIVERED),
    OrderState.RETURNED: (),
}
HOLDING_STATES = (
    OrderState.PAID,
    OrderState.PACKED,
    OrderState.SHIPPED,
    OrderState.DELIVERED,
    OrderState.WITHDRAWAL_REQUESTED,
)


class TaxTreatment(models.TextChoices):
    """How the sale of a line is taxed; decided in checkout.tax when the order is placed."""

    MARGIN = "margin", _("Margin scheme")
    STANDARD = "standard", _("Standard VAT")
    OSS = "oss", _("VAT of the country of destination (OSS)")
    EXPORT = "export", _("Export, no VAT")
    EXEMPT = "exempt", _("No VAT (seller not registered)")


def new_token() -> str:
    """256 random bits; the link to an order is its only key."""
    return secrets.token_urlsafe(32)


class OrderQuerySet(models.QuerySet["Order"]):
    def placed(self) -> "OrderQuerySet":
        return self.exclude(state=OrderState.DRAFT)


class Order(models.Model):
    """A purchase. A draft collects address and method; placing freezes everything that costs money.

    `*_eur` are base amounts, `*_amount` the same parts in `currency`, each converted once at `rate`.
    """

    class Refund(models.TextChoices):
        NONE = "none", _("None")
        PART = "part", _("Partly refunded")
        FULL = "full", _("Refunded")

    number = models.CharField(_("number"), max_length=16, blank=True, editable=False)
    token = models.CharField(max_length=43, unique=True, default=new_token, editable=False)
    state = models.CharField(_("state"), max_length=24, choices=OrderState.choices, default=OrderState.DRAFT)
    refund_state = models.CharField(_("refund"), max_length=4, choices=Refund.choices, default=Refund.NONE)
    is_disputed = models.BooleanField(_("disputed"), default=False)
    is_late = models.BooleanField(_("paid late"), default=False)
    visitor_key = models.CharField(max_length=64, editable=False, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("account"),
    )
    email = models.EmailField(_("email"), blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")

    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    rate_set = models.ForeignKey(
        RateSet,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("rates"),
    )
    rate = models.DecimalField(_("rate"), max_digits=18, decimal_places=6, default=Decimal(1))
    goods_eur = models.DecimalField(_("goods (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    goods_amount = models.DecimalField(_("goods"), max_digits=14, decimal_places=2, default=Decimal(0))
    vouchers_eur = models.DecimalField(_("vouchers bought (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    vouchers_amount = models.DecimalField(_("vouchers bought"), max_digits=14, decimal_places=2, default=Decimal(0))
    coupon_eur = models.DecimalField(_("coupon (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    coupon_amount = models.DecimalField(_("coupon"), max_digits=14, decimal_places=2, default=Decimal(0))
    points_eur = models.DecimalField(_("paid with points (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    points_amount = models.DecimalField(_("paid with points"), max_digits=14, decimal_places=2, default=Decimal(0))
    shipping_discount_eur = models.DecimalField(
        _("discount on shipping (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0)
    )
    shipping_discount_amount = models.DecimalField(
        _("discount on shipping"), max_digits=14, decimal_places=2, default=Decimal(0)
    )
    discount_eur = models.DecimalField(_("discount (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    discount_amount = models.DecimalField(_("discount"), max_digits=14, decimal_places=2, default=Decimal(0))
    shipping_eur = models.DecimalField(_("shipping (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    shipping_amount = models.DecimalField(_("shipping"), max_digits=14, decimal_places=2, default=Decimal(0))
    tax_eur = models.DecimalField(_("tax not included (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    tax_amount = models.DecimalField(_("tax not included"), max_digits=14, decimal_places=2, default=Decimal(0))
    total_eur = models.DecimalField(_("total (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    total_amount = models.DecimalField(_("total"), max_digits=14, decimal_places=2, default=Decimal(0))
    voucher_eur = models.DecimalField(_("paid by voucher (EUR)"), max_digits=10, decimal_places=2, default=Decimal(0))
    voucher_amount = models.DecimalField(_("paid by voucher"), max_digits=14, decimal_places=2, default=Decimal(0))
    standard_shipping_eur = models.DecimalField(
        _("cheapest usual shipping (EUR)"),
        max_digits=10,
        decimal_places=2,
        default=Decimal(0),
        help_text=_("What a withdrawal gives back for shipping at most."),
    )
    standard_shipping_amount = models.DecimalField(
        _("cheapest usual shipping"), max_digits=14, decimal_places=2, default=Decimal(0)
    )

    coupon = models.ForeignKey(
        "checkout.Coupon",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("coupon"),
    )
    voucher = models.ForeignKey(
        "checkout.GiftVoucher",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("gift voucher"),
    )
    points_used = models.PositiveIntegerField(
        _("points used"), default=0, help_text=_("In a draft: as many as the buyer wants to use.")
    )
    joins = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="joined_by",
        verbose_name=_("travels in the parcel of"),
    )

    shipping_method = models.CharField(_("shipping method"), max_length=40, blank=True)
    shipping_method_name = models.CharField(_("shipping, as shown"), max_length=120, blank=True)
    shipping_days_min = models.PositiveSmallIntegerField(_("days on the way, at least"), null=True, blank=True)
    shipping_days_max = models.PositiveSmallIntegerField(_("days on the way, at most"), null=True, blank=True)
    parcel_weight_g = models.PositiveIntegerField(_("parcel weight (grams)"), null=True, blank=True)
    has_customs = models.BooleanField(_("customs declaration"), default=False)
    payment_method = models.CharField(_("payment method"), max_length=20, choices=PaymentMethod.choices, blank=True)
    points_per_euro = models.DecimalField(_("points per euro"), max_digits=6, decimal_places=2, default=Decimal(0))
    buyer_note = models.CharField(_("note from the buyer"), max_length=500, blank=True)
    staff_note = models.TextField(_("note for staff"), blank=True)
    carrier = models.CharField(_("carrier"), max_length=60, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=60, blank=True)

    created_at = models.DateTimeField(_("started"), default=timezone.now)
    placed_at = models.DateTimeField(_("placed"), null=True, blank=True)
    pay_by = models.DateTimeField(_("to be paid by"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    packed_at = models.DateTimeField(_("packed"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    closed_at = models.DateTimeField(_("expired or cancelled"), null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["number"], condition=~Q(number=""), name="order_number_unique"),
            models.UniqueConstraint(
                fields=["visitor_key"], condition=Q(state=OrderState.DRAFT), name="one_draft_per_visitor"
            ),
            models.CheckConstraint(
                condition=Q(
                    total_eur=F("goods_eur") + F("vouchers_eur") + F("shipping_eur") + F("tax_eur") - F("discount_eur"),
                    total_amount=F("goods_amount")
                    + F("vouchers_amount")
                    + F("shipping_amount")
                    + F("tax_amount")
                    - F("discount_amount"),
                ),
                name="order_total_is_sum_of_parts",
            ),
            models.CheckConstraint(
                condition=Q(
                    discount_eur=F("coupon_eur") + F("points_eur") + F("shipping_discount_eur"),
                    discount_amount=F("coupon_amount") + F("points_amount") + F("shipping_discount_amount"),
                ),
                name="order_discount_is_sum_of_parts",
            ),
            models.CheckConstraint(
                condition=Q(voucher_eur__gte=0, voucher_eur__lte=F("total_eur"))
                & Q(voucher_amount__gte=0, voucher_amount__lte=F("total_amount"))
                & (Q(voucher__isnull=False) | Q(voucher_eur=0, voucher_amount=0)),
                name="order_voucher_within_total",
            ),
            models.CheckConstraint(
                condition=Q(joins__isnull=True) | ~Q(joins=F("id")), name="order_joins_another_order"
            ),
            models.CheckConstraint(
                condition=Q(total_eur__gte=0, total_amount__gte=0, goods_eur__gte=0, shipping_eur__gte=0)
                & Q(coupon_eur__gte=0, points_eur__gte=0, shipping_discount_eur__gte=0, vouchers_eur__gte=0),
                name="order_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(currency="EUR", rate=1, rate_set__isnull=True)
                | (~Q(currency="EUR") & Q(rate_set__isnull=False, rate__gt=0)),
                name="order_rate_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(OrderState.DRAFT, OrderState.EXPIRED))
                | (Q(placed_at__isnull=False) & ~Q(number="") & ~Q(email="")),
                name="order_placed_is_numbered",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=HOLDING_STATES) | Q(paid_at__isnull=False), name="order_paid_has_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-placed_at"], name="order_desk"),
            models.Index(fields=["pay_by"], condition=Q(state=OrderState.AWAITING_PAYMENT), name="order_unpaid"),
            models.Index(fields=["email"], name="order_by_email"),
        ]

    def __str__(self) -> str:
        return self.number or f"draft {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("checkout:order", kwargs={"token": self.token})

    @property
    def is_paid(self) -> bool:
        return self.state in HOLDING_STATES

    @property
    def is_payable(self) -> bool:
        return self.state == OrderState.AWAITING_PAYMENT

    @property
    def due_amount(self) -> Decimal:
        """What a payment has to bring, in the order's currency: the total less what a gift voucher pays."""
        return self.total_amount - self.voucher_amount

    @property
    def shipping_address(self) -> "OrderAddress | None":
        """Where the parcel goes; uses prefetched addresses."""
        return next((row for row in self.addresses.all() if row.kind == OrderAddress.Kind.SHIPPING), None)

    @property
    def billing_address(self) -> "OrderAddress | None":
        """Who is billed: the shipping address unless another was given."""
        own = next((row for row in self.addresses.all() if row.kind == OrderAddress.Kind.BILLING), None)
        return own or self.shipping_address


class OrderAddress(models.Model):
    """A postal address as given for one order; fields follow the country's rules."""

    class Kind(models.TextChoices):
        SHIPPING = "shipping", _("Shipping")
        BILLING = "billing", _("Billing")

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="addresses", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=120)
    company = models.CharField(_("company"), max_length=120, blank=True)
    line1 = models.CharField(_("street and number"), max_length=160)
    line2 = models.CharField(_("address, second line"), max_length=160, blank=True)
    city = models.CharField(_("city"), max_length=100)
    region = models.CharField(_("state or region"), max_length=100, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    country = CountryField(_("country"))
    phone = models.CharField(_("phone"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "kind"], name="order_address_once")]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"


class OrderLine(models.Model):
    """One piece of an order, frozen when the order was placed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines", verbose_name=_("order"))
    listing = models.ForeignKey(
        Listing, on_delete=models.PROTECT, related_name="order_lines", verbose_name=_("listing")
    )
    reservation = models.OneToOneField(
        Reservation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="order_line",
        verbose_name=_("reservation"),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    sku = models.CharField("SKU", max_length=24)
    title = models.CharField(_("title"), max_length=300)
    description = models.CharField(_("description"), max_length=300, blank=True)
    price_eur = models.DecimalField(_("price (EUR)"), max_digits=8, decimal_places=2)
    price_amount = models.DecimalField(_("price"), max_digits=12, decimal_places=2)
    coupon_eur = models.DecimalField(_("coupon (EUR)"), max_digits=8, decimal_places=2, default=Decimal(0))
    coupon_amount = models.DecimalField(_("coupon"), max_digits=12, decimal_places=2, default=Decimal(0))
    points_used = models.PositiveIntegerField(_("points used"), default=0)
    points_eur = models.DecimalField(_("paid with points (EUR)"), max_digits=8, decimal_places=2, default=Decimal(0))
    points_amount = models.DecimalField(_("paid with points"), max_digits=12, decimal_places=2, default=Decimal(0))
    weight_g = models.PositiveIntegerField(_("weight (grams)"))
    points = models.PositiveIntegerField(_("points"), default=0)
    tax_scheme = models.CharField(_("tax scheme"), max_length=10, choices=TaxScheme.choices)
    # Frozen for the accounts. Under the margin scheme the tax is the shop's own matter: never shown to a buyer.
    tax_treatment = models.CharField(_("taxed as"), max_length=8, choices=TaxTreatment.choices, blank=True)
    tax_country = models.CharField(_("taxed in"), max_length=2, blank=True)
    tax_rate = models.DecimalField(_("VAT rate, percent"), max_digits=4, decimal_places=2, default=Decimal(0))
    tax_eur = models.DecimalField(_("VAT contained (EUR)"), max_digits=8, decimal_places=2, default=Decimal(0))
    cost_eur = models.DecimalField(_("cost (EUR)"), max_digits=8, decimal_places=2, null=True, blank=True)
    shipping_share_eur = models.DecimalField(
        _("share of shipping (EUR)"), max_digits=8, decimal_places=2, default=Decimal(0)
    )
    returned_at = models.DateTimeField(_("returned"), null=True, blank=True)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "listing"], name="listing_once_per_order"),
            models.CheckConstraint(
                condition=Q(price_eur__gt=0, price_amount__gt=0)
                & Q(coupon_eur__gte=0, coupon_amount__gte=0, points_eur__gte=0, points_amount__gte=0)
                & Q(price_eur__gte=F("coupon_eur") + F("points_eur"))
                & Q(price_amount__gte=F("coupon_amount") + F("points_amount")),
                name="order_line_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.title}"

    @property
    def paid_eur(self) -> Decimal:
        """The price less coupon and points (EUR): what points are earned on and what a refund gives back at most."""
        return self.price_eur - self.coupon_eur - self.points_eur

    @property
    def paid_amount(self) -> Decimal:
        """The same in the order's currency."""
        return self.price_amount - self.coupon_amount - self.points_amount


class OrderEvent(models.Model):
    """One thing that happened to an order; rows are only added (trigger)."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events", verbose_name=_("order"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    kind = models.CharField(_("what"), max_length=40, choices=OrderEventKind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    text = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("order event")
        verbose_name_plural = _("order events")
        ordering: ClassVar = ["at", "id"]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def note(self) -> str:
        """The text in words, where it is a code."""
        vocabulary = NOTES.get(self.kind)
        return label_of(self.text, vocabulary) if vocabulary else self.text


class OrderMail(models.Model):
    """A mail that was sent about an order: each kind once."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="mails", verbose_name=_("order"))
    kind = models.CharField(_("mail"), max_length=30)
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "kind"], name="order_mail_once")]

    def __str__(self) -> str:
        """What it was about; the number of a kind that an order may have several of is of no use to people."""
        return label_of(self.kind.partition("-")[0], MailKind)
