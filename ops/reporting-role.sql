-- A role that reads the schema `reporting` and nothing else (docs/reporting.md). Run by an administrator of the database, once for each
-- role, after the service has been started once; running it again changes nothing.
--
--   psql --no-psqlrc -v role=bi_reader -f ops/reporting-role.sql 'postgres://ADMINISTRATOR@HOST/DATABASE'
--   psql 'postgres://ADMINISTRATOR@HOST/DATABASE' -c '\password bi_reader'
--
-- What keeps the role from the tables are its privileges. The settings at the end keep it from accidents; it may change them itself.
\set ON_ERROR_STOP on
\if :{?role}
\else
    DO $$ BEGIN RAISE EXCEPTION 'name the role: psql -v role=NAME -f ops/reporting-role.sql …'; END $$;
\endif
BEGIN;

SELECT to_regclass('reporting.as_of') IS NULL AS without_views,
       EXISTS (SELECT FROM pg_roles r
                WHERE r.rolname = :'role'
                  AND (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
                       OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
                       OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid))) AS unfit
\gset
\if :without_views
    DO $$ BEGIN RAISE EXCEPTION 'there is no schema reporting: start the service once, and look at its log'; END $$;
\endif
\if :unfit
    DO $$ BEGIN RAISE EXCEPTION 'this role is more than a reader (superuser, member of another role, owner of a table …): take a new one'; END $$;
\endif

SELECT format('CREATE ROLE %I LOGIN NOINHERIT CONNECTION LIMIT 10', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role')
\gexec

SELECT pg_get_userbyid(relowner) AS owner, current_database() AS database
  FROM pg_class WHERE oid = 'reporting.as_of'::regclass
\gset

GRANT CONNECT ON DATABASE :"database" TO :"role";
GRANT USAGE ON SCHEMA reporting TO :"role";
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO :"role";
-- The views are the service's: those that another version of it makes are readable too.
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA reporting GRANT SELECT ON TABLES TO :"role";
-- As PostgreSQL 15 has it by itself, and a database that was made by an older one does not.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

ALTER ROLE :"role" IN DATABASE :"database" SET default_transaction_read_only = on;
-- A question that goes on holds up the switch at the end of `shinsei rebuild reports`.
ALTER ROLE :"role" IN DATABASE :"database" SET statement_timeout = '60s';
ALTER ROLE :"role" IN DATABASE :"database" SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE :"role" IN DATABASE :"database" SET search_path = reporting;
ALTER ROLE :"role" IN DATABASE :"database" SET timezone = 'Asia/Tokyo';

COMMIT;
