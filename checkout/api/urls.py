"""Selling's resources under /api/v1/."""

from django.urls import path

from checkout.api import basket, fulfilment, listings, orders, papers, quotes, returns

app_name = "checkout_api"

urlpatterns = [
    path("listings/", listings.ListingList.as_view(), name="listings"),
    path("listings/<str:sku>/", listings.ListingDetail.as_view(), name="listing"),
    path("rates/", quotes.Rates.as_view(), name="rates"),
    path("shipping/quote/", quotes.ShippingQuote.as_view(), name="shipping_quote"),
    path("basket/", basket.Basket.as_view(), name="basket"),
    path("basket/reserve/", basket.Reserve.as_view(), name="reserve"),
    path("basket/release/", basket.Release.as_view(), name="release"),
    path("basket/savings/", basket.WithSavings.as_view(), name="savings"),
    path("orders/", orders.OrderList.as_view(), name="orders"),
    path("orders/<str:token>/", orders.OrderDetail.as_view(), name="order"),
    path("orders/<str:token>/invoice.pdf", papers.Invoice.as_view(), name="invoice"),
    path("orders/<str:token>/credit-notes/<str:label>.pdf", papers.CreditNote.as_view(), name="credit_note"),
    path("orders/<str:token>/customs/", papers.Customs.as_view(), name="customs"),
    path("orders/<str:token>/pay/", orders.Pay.as_view(), name="pay"),
    path("orders/<str:token>/cancel/", orders.Cancel.as_view(), name="cancel"),
    path("orders/<str:token>/pack/", fulfilment.Pack.as_view(), name="pack"),
    path("orders/<str:token>/ship/", fulfilment.Ship.as_view(), name="ship"),
    path("orders/<str:token>/deliver/", fulfilment.Deliver.as_view(), name="deliver"),
    path("orders/<str:token>/refund/", returns.Refund.as_view(), name="refund"),
]
