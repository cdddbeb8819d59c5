#!/bin/bash
# Makes the role that serves, when the database is made: it owns nothing, and `migrate grant` gives it what it needs.
set -euo pipefail
# psql quotes the password by itself.
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=password="$ALONGSIDE_APP_PASSWORD" <<'SQL'
CREATE ROLE alongside_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'password';
SQL
