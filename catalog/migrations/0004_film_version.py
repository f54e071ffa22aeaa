from django.db import migrations, models

# What pages show of a film is kept rendered under the film's version, so every row that they show changes it.
# A sequence, not a count: a number that was seen in a transaction rolled back is never given out again.
VERSION = """
CREATE SEQUENCE catalog_film_version_seq AS bigint;
CREATE FUNCTION catalog_film_new_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := nextval('catalog_film_version_seq');
    RETURN NEW;
END $$;
CREATE TRIGGER film_version BEFORE INSERT OR UPDATE ON catalog_film
FOR EACH ROW EXECUTE FUNCTION catalog_film_new_version();
"""
NO_VERSION = """
DROP FUNCTION catalog_film_new_version() CASCADE;
DROP SEQUENCE catalog_film_version_seq;
"""

# The trigger's argument selects the films of the changed rows. Once a statement, so that bulk writes stay bulk;
# in the order of their keys, so that two writers do not wait for each other.
TOUCH = """
CREATE FUNCTION catalog_film_touch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text := CASE TG_OP
        WHEN 'INSERT' THEN 'TABLE new_rows'
        WHEN 'DELETE' THEN 'TABLE old_rows'
        ELSE 'TABLE old_rows UNION ALL TABLE new_rows'
    END;
BEGIN
    EXECUTE format(
        'WITH changed AS (%s) UPDATE catalog_film SET version = version WHERE id IN ('
        'SELECT id FROM catalog_film WHERE id IN (%s) ORDER BY id FOR NO KEY UPDATE)',
        changed, TG_ARGV[0]
    );
    RETURN NULL;
END $$;
"""

# A film's title is also shown by the films that are connected to it.
CONNECTED = """
CREATE FUNCTION catalog_film_touch_connected() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalog_film SET version = version WHERE id IN (
        SELECT id FROM catalog_film WHERE id <> NEW.id AND id IN (
            SELECT film_id FROM catalog_filmconnection WHERE other_id = NEW.id
        ) ORDER BY id FOR NO KEY UPDATE
    );
    RETURN NULL;
END $$;
CREATE TRIGGER film_version_connected AFTER UPDATE ON catalog_film
FOR EACH ROW WHEN (
    (OLD.title, OLD.greek_title, OLD.year) IS DISTINCT FROM (NEW.title, NEW.greek_title, NEW.year)
) EXECUTE FUNCTION catalog_film_touch_connected();
"""

SOURCED = (
    "advisory", "awardresult", "boxoffice", "certificate", "credit", "externalcount", "externalrating", "factclaim",
    "filmcompany", "filmconnection", "filmimage", "filmlink", "filmrelease", "filmtext", "filmtitle", "review",
    "screening",
)  # fmt: skip
CHILDREN = (*SOURCED, "externalid", "film_genres", "filmrating", "sourcework")

# Rows whose coming and going changes what a film's page shows, and the films they belong to.
OWNED = {
    **{f"catalog_{name}": "SELECT film_id FROM changed" for name in CHILDREN},
    "catalog_awardresult_recipients": (
        "SELECT film_id FROM catalog_awardresult WHERE id IN (SELECT awardresult_id FROM changed)"
    ),
    "catalog_personname": "SELECT film_id FROM catalog_credit WHERE person_id IN (SELECT person_id FROM changed)",
    "catalog_programmefilm": (
        "SELECT film_id FROM changed UNION ALL SELECT film_id FROM catalog_programmefilm"
        " WHERE programme_id IN (SELECT programme_id FROM changed)"
    ),
    "catalog_screeningact": "SELECT film_id FROM catalog_screening WHERE id IN (SELECT screening_id FROM changed)",
}

# Rows that several films share. Nothing shows them until another row names them, and none goes while one does.
SHARED = {
    "catalog_award": "SELECT film_id FROM catalog_awardresult WHERE award_id IN (SELECT id FROM changed)",
    "catalog_awardbody": (
        "SELECT film_id FROM catalog_awardresult WHERE award_id IN"
        " (SELECT id FROM catalog_award WHERE body_id IN (SELECT id FROM changed))"
    ),
    "catalog_company": (
        "SELECT film_id FROM catalog_filmcompany WHERE company_id IN (SELECT id FROM changed) UNION ALL"
        " SELECT film_id FROM catalog_screening WHERE restored_by_id IN (SELECT id FROM changed)"
    ),
    "catalog_genre": "SELECT film_id FROM catalog_film_genres WHERE genre_id IN (SELECT id FROM changed)",
    "catalog_person": (
        "SELECT film_id FROM catalog_credit WHERE person_id IN (SELECT id FROM changed) UNION ALL"
        " SELECT film_id FROM catalog_sourcework WHERE author_id IN (SELECT id FROM changed) UNION ALL"
        " SELECT film_id FROM catalog_awardresult WHERE id IN (SELECT awardresult_id"
        " FROM catalog_awardresult_recipients WHERE person_id IN (SELECT id FROM changed)) UNION ALL"
        " SELECT film_id FROM catalog_screening WHERE id IN (SELECT screening_id"
        " FROM catalog_screeningact WHERE person_id IN (SELECT id FROM changed))"
    ),
    "catalog_programme": (
        "SELECT film_id FROM catalog_programmefilm WHERE programme_id IN (SELECT id FROM changed) UNION ALL"
        " SELECT film_id FROM catalog_screening WHERE programme_id IN (SELECT id FROM changed)"
    ),
    "catalog_source": " UNION ALL ".join(
        f"SELECT film_id FROM catalog_{name} WHERE source_id IN (SELECT id FROM changed)"  # noqa: S608 - names above
        for name in SOURCED
    ),
    "catalog_venue": "SELECT film_id FROM catalog_screening WHERE venue_id IN (SELECT id FROM changed)",
}

REFERENCING = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def _trigger(table: str, event: str, films: str) -> str:
    return (
        f"CREATE TRIGGER film_version_{event.lower()} AFTER {event} ON {table} REFERENCING {REFERENCING[event]}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION catalog_film_touch('{films}');"
    )


TRIGGERS = [_trigger(table, event, films) for table, films in OWNED.items() for event in REFERENCING]
TRIGGERS += [_trigger(table, "UPDATE", films) for table, films in SHARED.items()]


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_triggers")]
    operations = [
        migrations.AddField("film", "version", models.BigIntegerField(default=0, editable=False)),
        migrations.RunSQL(VERSION, NO_VERSION),
        migrations.RunSQL(TOUCH, "DROP FUNCTION catalog_film_touch() CASCADE"),
        migrations.RunSQL(CONNECTED, "DROP FUNCTION catalog_film_touch_connected() CASCADE"),
        migrations.RunSQL("\n".join(TRIGGERS), migrations.RunSQL.noop),
    ]
