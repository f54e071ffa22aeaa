from django.db import migrations

# The moves are those of ORDER_MOVES and PAYMENT_MOVES; a test compares the two.
STATE_MACHINES = """
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
CREATE TRIGGER payment_legal_transition BEFORE UPDATE OF state ON checkout_payment
FOR EACH ROW EXECUTE FUNCTION refuse_illegal_transition(
    'created>action_required created>authorised created>failed created>voided created>expired '
    'action_required>authorised action_required>captured action_required>failed action_required>voided '
    'action_required>expired '
    'authorised>capturing authorised>voided authorised>failed '
    'capturing>captured capturing>voided capturing>failed '
    'captured>part_refunded captured>refunded part_refunded>refunded expired>captured voided>captured'
);
"""
NO_STATE_MACHINES = """
DROP TRIGGER order_legal_transition ON checkout_order;
DROP TRIGGER payment_legal_transition ON checkout_payment;
"""

# I2 and its other half: what a listing's state says is what its claim says. Checked at commit, on the rows
# as they are then, so the statements inside a transaction may come in any order.
CLAIM_MATCHES_STATE = """
CREATE FUNCTION checkout_claim_matches_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_listing bigint;
    the_state text;
    timed int;
    sold int;
BEGIN
    IF TG_TABLE_NAME = 'catalog_listing' THEN the_listing := NEW.id; ELSE the_listing := NEW.listing_id; END IF;
    SELECT state INTO the_state FROM catalog_listing WHERE id = the_listing;
    SELECT count(*) FILTER (WHERE r.until IS NOT NULL),
           count(*) FILTER (WHERE r.until IS NULL AND o.state IN
               ('paid', 'packed', 'shipped', 'delivered', 'withdrawal_requested') AND l.returned_at IS NULL)
      INTO timed, sold
      FROM checkout_reservation r
      LEFT JOIN checkout_orderline l ON l.reservation_id = r.id
      LEFT JOIN checkout_order o ON o.id = l.order_id
     WHERE r.listing_id = the_listing AND r.released_at IS NULL;
    IF (the_state = 'sold' AND NOT (sold = 1 AND timed = 0))
       OR (the_state = 'reserved' AND NOT (timed = 1 AND sold = 0))
       OR (the_state NOT IN ('sold', 'reserved') AND timed + sold > 0) THEN
        RAISE EXCEPTION 'listing % is % but has % timed claims and % sales', the_listing, the_state, timed, sold
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_matches_state';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER listing_claim_matches_state AFTER INSERT OR UPDATE OF state ON catalog_listing
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION checkout_claim_matches_state();
CREATE CONSTRAINT TRIGGER reservation_claim_matches_state AFTER INSERT OR UPDATE ON checkout_reservation
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION checkout_claim_matches_state();
CREATE CONSTRAINT TRIGGER line_claim_matches_state AFTER INSERT OR UPDATE ON checkout_orderline
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION checkout_claim_matches_state();
"""
NO_CLAIM_MATCHES_STATE = "DROP FUNCTION checkout_claim_matches_state() CASCADE"

# I2 seen from the order, and I6: a paid order holds all its pieces, and its goods are the sum of its lines.
ORDER_HOLDS_ITS_LINES = """
CREATE FUNCTION checkout_order_holds_its_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_order checkout_order;
    wrong text;
    lines_eur numeric;
    lines_amount numeric;
BEGIN
    IF TG_TABLE_NAME = 'checkout_order' THEN
        SELECT * INTO the_order FROM checkout_order WHERE id = NEW.id;
    ELSE
        SELECT * INTO the_order FROM checkout_order WHERE id = NEW.order_id;
    END IF;
    SELECT coalesce(sum(price_eur), 0), coalesce(sum(price_amount), 0) INTO lines_eur, lines_amount
      FROM checkout_orderline WHERE order_id = the_order.id;
    IF the_order.goods_eur <> lines_eur OR the_order.goods_amount <> lines_amount THEN
        RAISE EXCEPTION 'goods of order % are % but its lines add up to %', the_order.id, the_order.goods_eur, lines_eur
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_goods_are_its_lines';
    END IF;
    IF the_order.state IN ('paid', 'packed', 'shipped', 'delivered', 'withdrawal_requested') THEN
        SELECT string_agg(l.sku, ', ') INTO wrong
          FROM checkout_orderline l
          JOIN catalog_listing g ON g.id = l.listing_id
          LEFT JOIN checkout_reservation r ON r.id = l.reservation_id
         WHERE l.order_id = the_order.id AND l.returned_at IS NULL
           AND NOT (g.state = 'sold' AND r.listing_id = l.listing_id AND r.until IS NULL AND r.released_at IS NULL);
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION 'order % is % without holding %', the_order.id, the_order.state, wrong
                USING ERRCODE = 'check_violation', CONSTRAINT = 'paid_order_holds_its_pieces';
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER order_holds_its_lines AFTER INSERT OR UPDATE OF state, goods_eur, goods_amount
ON checkout_order DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION checkout_order_holds_its_lines();
CREATE CONSTRAINT TRIGGER line_of_order_holds AFTER INSERT OR UPDATE ON checkout_orderline
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION checkout_order_holds_its_lines();
"""
NO_ORDER_HOLDS_ITS_LINES = "DROP FUNCTION checkout_order_holds_its_lines() CASCADE"

# I3 and the order's log: what was written stays as it was.
APPEND_ONLY = """
CREATE FUNCTION checkout_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER points_append_only BEFORE UPDATE OR DELETE ON checkout_pointsentry
FOR EACH ROW EXECUTE FUNCTION checkout_append_only();
CREATE TRIGGER order_line_is_kept BEFORE DELETE ON checkout_orderline
FOR EACH ROW EXECUTE FUNCTION checkout_append_only();
"""
NO_APPEND_ONLY = "DROP FUNCTION checkout_append_only() CASCADE"

# What an order costs is frozen once it is placed.
FROZEN = """
CREATE FUNCTION checkout_order_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'order % is placed: its amounts are frozen', OLD.number
        USING ERRCODE = 'check_violation', CONSTRAINT = 'placed_order_is_frozen';
END $$;
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
NO_FROZEN = "DROP FUNCTION checkout_order_frozen() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("checkout", "0002_rates_append_only"), ("catalog", "0003_triggers")]
    operations = [
        migrations.RunSQL(STATE_MACHINES, NO_STATE_MACHINES),
        migrations.RunSQL(CLAIM_MATCHES_STATE, NO_CLAIM_MATCHES_STATE),
        migrations.RunSQL(ORDER_HOLDS_ITS_LINES, NO_ORDER_HOLDS_ITS_LINES),
        migrations.RunSQL(APPEND_ONLY, NO_APPEND_ONLY),
        migrations.RunSQL(FROZEN, NO_FROZEN),
    ]
