"""PostgreSQL: the application, which owns no table, may have the statistics of changed tables taken anew."""

from django.db import migrations

from manzanita.platform.row_security import run_on_postgresql

# What autovacuum would do within the next minutes, for tables of which a tenth has changed.
RENEW = """
    CREATE FUNCTION manzanita_renew_statistics() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $function$
    DECLARE changed regclass;
    BEGIN
        FOR changed IN
            SELECT relid FROM pg_stat_user_tables
             WHERE schemaname = 'public' AND n_mod_since_analyze > 1000 AND n_mod_since_analyze > n_live_tup / 10
        LOOP
            EXECUTE 'ANALYZE (SKIP_LOCKED) ' || changed;
        END LOOP;
    END $function$
"""


def let_renew(apps, schema_editor):
    run_on_postgresql(schema_editor, [RENEW])


def undo(apps, schema_editor):
    run_on_postgresql(schema_editor, ["DROP FUNCTION manzanita_renew_statistics()"])


class Migration(migrations.Migration):
    dependencies = [("platform", "0004_job_kinds")]
    operations = [migrations.RunPython(let_renew, undo)]
