"""Triggers that make rates append-only, whoever writes and by whatever way.

TRUNCATE is left alone: it needs the table's owner, and tests empty their database with it.
"""

APPEND_ONLY = """
CREATE FUNCTION checkout_rate_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rates are append-only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER checkout_rate_append_only BEFORE UPDATE OR DELETE ON checkout_rate
    FOR EACH ROW EXECUTE FUNCTION checkout_rate_append_only();

CREATE TRIGGER checkout_rateset_no_delete BEFORE DELETE ON checkout_rateset
    FOR EACH ROW EXECUTE FUNCTION checkout_rate_append_only();

CREATE FUNCTION checkout_rateset_decide_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'waiting' OR NEW.status NOT IN ('accepted', 'rejected')
       OR (NEW.id, NEW.date, NEW.source, NEW.sha256, NEW.etag, NEW.last_modified, NEW.fetched_at, NEW.reason)
          IS DISTINCT FROM
          (OLD.id, OLD.date, OLD.source, OLD.sha256, OLD.etag, OLD.last_modified, OLD.fetched_at, OLD.reason)
    THEN
        RAISE EXCEPTION 'a rate set can only be accepted or rejected, once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER checkout_rateset_decide_once BEFORE UPDATE ON checkout_rateset
    FOR EACH ROW EXECUTE FUNCTION checkout_rateset_decide_once();
"""

CHANGEABLE_AGAIN = """
DROP TRIGGER checkout_rateset_decide_once ON checkout_rateset;
DROP TRIGGER checkout_rateset_no_delete ON checkout_rateset;
DROP TRIGGER checkout_rate_append_only ON checkout_rate;
DROP FUNCTION checkout_rateset_decide_once();
DROP FUNCTION checkout_rate_append_only();
"""
