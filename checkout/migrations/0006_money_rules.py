from django.db import migrations

# The moves are those of ORDER_MOVES and REFUND_MOVES; a test compares them.
STATE_MACHINES = """
DROP TRIGGER order_legal_transition ON checkout_order;
CREATE TRIGGER order_legal_transition BEFORE UPDATE OF state ON checkout_order
FOR EACH ROW EXECUTE FUNCTION refuse_illegal_transition(
    'draft>awaiting_payment draft>expired '
    'awaiting_payment>paid awaiting_payment>expired awaiting_payment>cancelled '
    'paid>packed paid>delivered paid>cancelled paid>withdrawal_requested '
    'packed>paid packed>shipped packed>cancelled packed>withdrawal_requested '
    'shipped>delivered shipped>withdrawal_requested '
    'delivered>withdrawal_requested expired>paid '
    'withdrawal_requested>returned withdrawal_requested>delivered'
);
CREATE TRIGGER refund_legal_transition BEFORE UPDATE OF state ON checkout_refund
FOR EACH ROW EXECUTE FUNCTION refuse_illegal_transition(
    'due>pending due>done due>failed pending>done pending>failed done>failed failed>due failed>done'
);
"""
OLD_STATE_MACHINES = """
DROP TRIGGER refund_legal_transition ON checkout_refund;
DROP TRIGGER order_legal_transition ON checkout_order;
CREATE TRIGGER order_legal_transition BEFORE UPDATE OF state ON checkout_order
FOR EACH ROW EXECUTE FUNCTION refuse_illegal_transition(
    'draft>awaiting_payment draft>expired '
    'awaiting_payment>paid awaiting_payment>expired awaiting_payment>cancelled '
    'paid>packed paid>cancelled paid>withdrawal_requested '
    'packed>paid packed>shipped packed>cancelled packed>withdrawal_requested '
    'shipped>delivered shipped>withdrawal_requested '
    'delivered>withdrawal_requested expired>paid '
    'withdrawal_requested>returned withdrawal_requested>delivered'
);
"""

# What an order costs, and what was used to lower it, is frozen once it is placed.
FROZEN = """
DROP TRIGGER placed_order_is_frozen ON checkout_order;
CREATE TRIGGER placed_order_is_frozen BEFORE UPDATE ON checkout_order
FOR EACH ROW WHEN (
    OLD.state <> 'draft' AND
    (OLD.currency, OLD.rate, OLD.rate_set_id, OLD.goods_eur, OLD.goods_amount, OLD.discount_eur, OLD.discount_amount,
     OLD.shipping_eur, OLD.shipping_amount, OLD.tax_eur, OLD.tax_amount, OLD.total_eur, OLD.total_amount, OLD.number,
     OLD.vouchers_eur, OLD.vouchers_amount, OLD.coupon_eur, OLD.coupon_amount, OLD.points_eur, OLD.points_amount,
     OLD.shipping_discount_eur, OLD.shipping_discount_amount, OLD.voucher_eur, OLD.voucher_amount, OLD.points_used,
     OLD.coupon_id, OLD.voucher_id, OLD.joins_id)
    IS DISTINCT FROM
    (NEW.currency, NEW.rate, NEW.rate_set_id, NEW.goods_eur, NEW.goods_amount, NEW.discount_eur, NEW.discount_amount,
     NEW.shipping_eur, NEW.shipping_amount, NEW.tax_eur, NEW.tax_amount, NEW.total_eur, NEW.total_amount, NEW.number,
     NEW.vouchers_eur, NEW.vouchers_amount, NEW.coupon_eur, NEW.coupon_amount, NEW.points_eur, NEW.points_amount,
     NEW.shipping_discount_eur, NEW.shipping_discount_amount, NEW.voucher_eur, NEW.voucher_amount, NEW.points_used,
     NEW.coupon_id, NEW.voucher_id, NEW.joins_id)
) EXECUTE FUNCTION checkout_order_frozen();
CREATE FUNCTION checkout_line_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'line % of an order is frozen', OLD.sku
        USING ERRCODE = 'check_violation', CONSTRAINT = 'order_line_is_frozen';
END $$;
CREATE TRIGGER order_line_is_frozen BEFORE UPDATE ON checkout_orderline
FOR EACH ROW WHEN (
    (OLD.order_id, OLD.listing_id, OLD.sku, OLD.price_eur, OLD.price_amount, OLD.coupon_eur, OLD.coupon_amount,
     OLD.points_eur, OLD.points_amount, OLD.points_used, OLD.points, OLD.tax_scheme, OLD.tax_treatment,
     OLD.tax_country, OLD.tax_rate, OLD.tax_eur, OLD.cost_eur, OLD.shipping_share_eur)
    IS DISTINCT FROM
    (NEW.order_id, NEW.listing_id, NEW.sku, NEW.price_eur, NEW.price_amount, NEW.coupon_eur, NEW.coupon_amount,
     NEW.points_eur, NEW.points_amount, NEW.points_used, NEW.points, NEW.tax_scheme, NEW.tax_treatment,
     NEW.tax_country, NEW.tax_rate, NEW.tax_eur, NEW.cost_eur, NEW.shipping_share_eur)
) EXECUTE FUNCTION checkout_line_frozen();
"""
OLD_FROZEN = """
DROP FUNCTION checkout_line_frozen() CASCADE;
DROP TRIGGER placed_order_is_frozen ON checkout_order;
CREATE TRIGGER placed_order_is_frozen BEFORE UPDATE ON checkout_order
FOR EACH ROW WHEN (
    OLD.state <> 'draft' AND
    (OLD.currency, OLD.rate, OLD.rate_set_id, OLD.goods_eur, OLD.goods_amount, OLD.discount_eur, OLD.discount_amount,
     OLD.shipping_eur, OLD.shipping_amount, OLD.tax_eur, OLD.tax_amount, OLD.total_eur, OLD.total_amount, OLD.number)
    IS DISTINCT FROM
    (NEW.currency, NEW.rate, NEW.rate_set_id, NEW.goods_eur, NEW.goods_amount, NEW.discount_eur, NEW.discount_amount,
     NEW.shipping_eur, NEW.shipping_amount, NEW.tax_eur, NEW.tax_amount, NEW.total_eur, NEW.total_amount, NEW.number)
) EXECUTE FUNCTION checkout_order_frozen();
"""

# Ledgers and papers: what was written stays as it was.
APPEND_ONLY = """
CREATE TRIGGER voucher_append_only BEFORE UPDATE OR DELETE ON checkout_voucherentry
FOR EACH ROW EXECUTE FUNCTION checkout_append_only();
CREATE TRIGGER credit_append_only BEFORE UPDATE OR DELETE ON checkout_credit
FOR EACH ROW EXECUTE FUNCTION checkout_append_only();
CREATE TRIGGER credit_line_append_only BEFORE UPDATE OR DELETE ON checkout_creditline
FOR EACH ROW EXECUTE FUNCTION checkout_append_only();
CREATE TRIGGER paper_append_only BEFORE UPDATE OR DELETE ON checkout_paper
FOR EACH ROW EXECUTE FUNCTION checkout_append_only();
"""
NO_APPEND_ONLY = """
DROP TRIGGER voucher_append_only ON checkout_voucherentry;
DROP TRIGGER credit_append_only ON checkout_credit;
DROP TRIGGER credit_line_append_only ON checkout_creditline;
DROP TRIGGER paper_append_only ON checkout_paper;
"""

# A voucher's balance is the sum of its entries; the check on the row refuses to spend more than is left.
VOUCHER_BALANCE = """
CREATE FUNCTION checkout_voucher_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE checkout_giftvoucher SET balance_eur = balance_eur + NEW.amount_eur WHERE id = NEW.voucher_id;
    RETURN NULL;
END $$;
CREATE TRIGGER voucher_balance AFTER INSERT ON checkout_voucherentry
FOR EACH ROW EXECUTE FUNCTION checkout_voucher_balance();
"""
NO_VOUCHER_BALANCE = "DROP FUNCTION checkout_voucher_balance() CASCADE"

# I15: a number is given only after the one before it.
GAPLESS = """
CREATE FUNCTION checkout_paper_gapless() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number > 1 AND NOT EXISTS (
        SELECT 1 FROM checkout_paper WHERE series = NEW.series AND year = NEW.year AND number = NEW.number - 1
    ) THEN
        RAISE EXCEPTION 'paper %-%-% would leave a gap', NEW.series, NEW.year, NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paper_numbers_have_no_gap';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_gapless BEFORE INSERT ON checkout_paper
FOR EACH ROW EXECUTE FUNCTION checkout_paper_gapless();
"""
NO_GAPLESS = "DROP FUNCTION checkout_paper_gapless() CASCADE"

# I5 by line: never more is credited for a piece than was paid for it.
CREDIT_WITHIN = """
CREATE FUNCTION checkout_credit_within_paid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    too_much text;
BEGIN
    SELECT l.sku INTO too_much FROM checkout_orderline l WHERE l.id = NEW.line_id AND (
        (SELECT sum(c.amount) FROM checkout_creditline c WHERE c.line_id = l.id)
            > l.price_amount - l.coupon_amount - l.points_amount
        OR (SELECT sum(c.amount_eur) FROM checkout_creditline c WHERE c.line_id = l.id)
            > l.price_eur - l.coupon_eur - l.points_eur);
    IF too_much IS NOT NULL THEN
        RAISE EXCEPTION 'more would be credited for % than was paid', too_much
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_within_paid';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER credit_within_paid AFTER INSERT ON checkout_creditline
DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION checkout_credit_within_paid();
"""
NO_CREDIT_WITHIN = "DROP FUNCTION checkout_credit_within_paid() CASCADE"

# A piece that came back is looked at and graded again before it can be offered.
REGRADE = """
CREATE FUNCTION checkout_regraded_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM checkout_returnedpiece p JOIN checkout_orderline l ON l.id = p.line_id
         WHERE l.listing_id = NEW.id AND p.received_at IS NOT NULL AND p.regraded_at IS NULL
    ) THEN
        RAISE EXCEPTION 'listing % came back and was not graded again', NEW.sku
            USING ERRCODE = 'check_violation', CONSTRAINT = 'returned_piece_is_regraded';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER returned_piece_is_regraded BEFORE UPDATE OF state ON catalog_listing
FOR EACH ROW WHEN (OLD.state = 'returned' AND NEW.state = 'draft') EXECUTE FUNCTION checkout_regraded_first();
"""
NO_REGRADE = "DROP FUNCTION checkout_regraded_first() CASCADE"

# Points earned before lots existed get the lot they would have now.
POINT_LOTS = """
ALTER TABLE checkout_pointsentry DISABLE TRIGGER points_append_only;
UPDATE checkout_pointsentry SET lot = 'line-' || order_line_id WHERE order_line_id IS NOT NULL;
UPDATE checkout_pointsentry SET lot = 'entry-' || id WHERE order_line_id IS NULL;
UPDATE checkout_pointsentry SET expires_on = (created_at + interval '24 months')::date WHERE pot = 'available';
ALTER TABLE checkout_pointsentry ENABLE TRIGGER points_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("checkout", "0005_discounts_papers_returns"), ("catalog", "0004_film_version")]
    operations = [
        migrations.RunSQL(STATE_MACHINES, OLD_STATE_MACHINES),
        migrations.RunSQL(FROZEN, OLD_FROZEN),
        migrations.RunSQL(APPEND_ONLY, NO_APPEND_ONLY),
        migrations.RunSQL(VOUCHER_BALANCE, NO_VOUCHER_BALANCE),
        migrations.RunSQL(GAPLESS, NO_GAPLESS),
        migrations.RunSQL(CREDIT_WITHIN, NO_CREDIT_WITHIN),
        migrations.RunSQL(REGRADE, NO_REGRADE),
        migrations.RunSQL(POINT_LOTS, migrations.RunSQL.noop),
    ]
