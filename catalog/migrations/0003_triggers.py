from django.db import migrations

# One trigger function serves every state machine: the legal moves are the trigger's argument.
STATE_MACHINE = """
CREATE FUNCTION refuse_illegal_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IS DISTINCT FROM NEW.state
       AND NOT (OLD.state || '>' || NEW.state = ANY (string_to_array(TG_ARGV[0], ' '))) THEN
        RAISE EXCEPTION 'illegal transition of %: % to %', TG_TABLE_NAME, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END $$;
"""

LISTING_STATES = """
CREATE TRIGGER listing_legal_transition BEFORE UPDATE OF state ON catalog_listing
FOR EACH ROW EXECUTE FUNCTION refuse_illegal_transition(
    'draft>listed draft>withdrawn listed>draft listed>reserved listed>withdrawn reserved>listed '
    'reserved>sold sold>listed sold>returned returned>draft returned>withdrawn withdrawn>draft'
);
"""

# Version and change time are kept here so that no statement, raw or through the ORM, forgets them.
LISTING_VERSION = """
CREATE FUNCTION catalog_listing_count_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER listing_version BEFORE UPDATE ON catalog_listing
FOR EACH ROW EXECUTE FUNCTION catalog_listing_count_version();
"""

PRICE_HISTORY = """
CREATE FUNCTION catalog_listing_keep_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR OLD.price IS DISTINCT FROM NEW.price THEN
        INSERT INTO catalog_pricechange (listing_id, price_eur, changed_at)
        VALUES (NEW.id, NEW.price, clock_timestamp());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER listing_price_history AFTER INSERT OR UPDATE OF price ON catalog_listing
FOR EACH ROW EXECUTE FUNCTION catalog_listing_keep_price();
"""

# A SKU is opaque once given, and a piece that was ever public is never deleted: its page stays.
SKU_FIXED = """
CREATE FUNCTION catalog_listing_keep_sku() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a SKU is never changed: %', OLD.sku
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER listing_sku_fixed BEFORE UPDATE OF sku ON catalog_listing
FOR EACH ROW WHEN (OLD.sku IS DISTINCT FROM NEW.sku) EXECUTE FUNCTION catalog_listing_keep_sku();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_initial")]
    operations = [
        migrations.RunSQL(STATE_MACHINE, "DROP FUNCTION refuse_illegal_transition() CASCADE"),
        migrations.RunSQL(LISTING_STATES, "DROP TRIGGER listing_legal_transition ON catalog_listing"),
        migrations.RunSQL(LISTING_VERSION, "DROP FUNCTION catalog_listing_count_version() CASCADE"),
        migrations.RunSQL(PRICE_HISTORY, "DROP FUNCTION catalog_listing_keep_price() CASCADE"),
        migrations.RunSQL(SKU_FIXED, "DROP FUNCTION catalog_listing_keep_sku() CASCADE"),
    ]
