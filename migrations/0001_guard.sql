-- The log only grows: UPDATE, DELETE and TRUNCATE on any table of the schema are refused to everybody, its owner and
-- superusers included. The triggers are per statement, so that a statement that hits no row is refused as well
-- (INSERT … ON CONFLICT DO UPDATE among them), and ALWAYS, so that session_replication_role does not switch them off.
CREATE FUNCTION "audit"."refuse"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '% on %.% is refused: the audit log only grows', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;--> statement-breakpoint
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'audit' LOOP
    EXECUTE format('CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.%I FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()', name);
    EXECUTE format('ALTER TABLE audit.%I ENABLE ALWAYS TRIGGER only_grows', name);
  END LOOP;
END
$$;
