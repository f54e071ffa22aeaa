"""Addresses of buying; `/el/` is put before them for Greek."""

from django.urls import path
from django.views.generic import RedirectView

from checkout.views import (
    basket,
    checkout,
    demo,
    orders,
    papers,
    parcels,
    payment,
    preferences,
    returns,
    savings,
    shipping,
    vouchers,
    watches,
)

app_name = "checkout"

urlpatterns = [
    path("basket/", basket.basket, name="basket"),
    path("basket/reserve/", basket.reserve, name="reserve"),
    path("basket/release/", basket.release, name="release"),
    path("watch/<slug:sku>/", watches.watch, name="watch"),
    path("watching/<slug:token>/", watches.watching, name="watching"),
    path("shipping/", shipping.shipping, name="shipping"),
    path("currency/", preferences.choose_currency, name="currency"),
    path("country/", preferences.choose_country, name="country"),
    path("checkout/", RedirectView.as_view(pattern_name="checkout:address"), name="start"),
    path("checkout/address/", checkout.address, name="address"),
    path("checkout/method/", checkout.method, name="method"),
    path("checkout/review/", checkout.review, name="review"),
    path("checkout/savings/", savings.use_savings, name="savings"),
    path("checkout/pay/<slug:token>/", payment.pay, name="pay"),
    path("checkout/return/<slug:token>/", payment.payment_return, name="payment_return"),
    path("checkout/demo/<slug:reference>/", demo.demo_payment, name="demo_payment"),
    path("orders/<slug:token>/", orders.order, name="order"),
    path("orders/<slug:token>/invoice.pdf", papers.invoice, name="invoice"),
    path("orders/<slug:token>/credit-notes/<slug:label>.pdf", papers.credit_note, name="credit_note"),
    path("orders/<slug:token>/cancel/", orders.cancel_order, name="cancel_order"),
    path("orders/<slug:token>/withdraw/", returns.withdraw_order, name="withdraw_order"),
    path("withdraw/", returns.withdrawal, name="withdrawal"),
    path("withdraw/<slug:token>/", returns.confirm_withdrawal, name="confirm_withdrawal"),
    path("checkout/join/", parcels.join, name="join"),
    path("vouchers/", vouchers.show_vouchers, name="vouchers"),
    path("vouchers/order/", vouchers.order_voucher, name="order_voucher"),
    path("vouchers/balance/", vouchers.voucher_balance, name="voucher_balance"),
    path("account/", RedirectView.as_view(pattern_name="checkout:my_orders"), name="account"),
    path("account/logout/", orders.sign_out, name="sign_out"),
    path("account/orders/", orders.my_orders, name="my_orders"),
]
