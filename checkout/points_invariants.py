"""The invariants of the points ledger as queries: each finds what is broken, and nothing in a sound shop."""

# Points that moved from pot to pot are as many as before; nothing is taken from a pot that it does not hold.
MOVES = """
SELECT kind, order_id, lot, sum(points) FROM checkout_pointsentry
 WHERE kind IN ('confirm', 'redeem_hold', 'redeem_release') GROUP BY kind, order_id, lot HAVING sum(points) <> 0
"""
POTS = """
SELECT account_id, lot, pot, sum(points) FROM checkout_pointsentry
 WHERE pot IN ('pending', 'held') GROUP BY account_id, lot, pot HAVING sum(points) < 0
"""
# What an unpaid order uses is held; a payment being captured holds it for an order that had expired.
HELD = """
SELECT o.id, o.state, o.points_used, h.points FROM checkout_order o
  LEFT JOIN (SELECT order_id, sum(points) AS points FROM checkout_pointsentry WHERE pot = 'held' GROUP BY order_id) h
    ON h.order_id = o.id
 WHERE coalesce(h.points, 0) <> CASE
       WHEN o.state = 'awaiting_payment' THEN o.points_used
       WHEN o.state = 'expired' AND EXISTS (
            SELECT 1 FROM checkout_payment p WHERE p.order_id = o.id AND p.state = 'capturing') THEN o.points_used
       ELSE 0 END
"""
# What a paid order used is used up; for a line all of its points or none have come back.
USED = """
SELECT o.id, o.points_used, u.points FROM checkout_order o
  LEFT JOIN (SELECT order_id, -sum(points) AS points FROM checkout_pointsentry
              WHERE kind = 'redeem_commit' GROUP BY order_id) u ON u.order_id = o.id
 WHERE coalesce(u.points, 0) <> CASE WHEN o.paid_at IS NULL THEN 0 ELSE o.points_used END
"""
RETURNED = """
SELECT l.id, l.points_used, sum(e.points)
  FROM checkout_pointsentry e JOIN checkout_orderline l ON l.id = e.order_line_id
 WHERE e.kind = 'redeem_return' GROUP BY l.id HAVING sum(e.points) <> l.points_used
"""
# I11: a paid line has earned the points of what is still paid for it.
EARNED = """
SELECT o.id, l.id, l.points, e.points FROM checkout_order o JOIN checkout_orderline l ON l.order_id = o.id
  CROSS JOIN LATERAL (SELECT l.price_eur - l.coupon_eur - l.points_eur AS paid) p
  CROSS JOIN LATERAL (SELECT p.paid - coalesce(sum(amount_eur), 0) AS still FROM checkout_creditline
                       WHERE line_id = l.id) c
  LEFT JOIN (SELECT order_line_id, sum(points) AS points FROM checkout_pointsentry
              WHERE kind IN ('earn', 'claw_back') GROUP BY order_line_id) e ON e.order_line_id = l.id
 WHERE coalesce(e.points, 0) <> CASE
       WHEN o.paid_at IS NULL OR o.state = 'cancelled' THEN 0
       WHEN c.still = p.paid THEN l.points
       WHEN c.still <= 0 THEN 0
       WHEN l.points = floor(p.paid * o.points_per_euro) THEN floor(c.still * o.points_per_euro)
       ELSE floor(l.points * c.still / p.paid) END
"""
ALL = {"moves": MOVES, "pots": POTS, "held": HELD, "used": USED, "returned": RETURNED, "earned": EARNED}
