#!/bin/sh
# Runs once, when the Postgres image makes its data folder: the database of Synap, the database of the schema registry,
# and their two login roles. Neither is a superuser; extensions are made here because they need one.
set -eu

psql -v ON_ERROR_STOP=1 -v synap_password="$SYNAP_DATABASE_PASSWORD" -v registry_password="$REGISTRY_DATABASE_PASSWORD" \
  --username postgres --dbname postgres <<'SQL'
create role synap login createrole password :'synap_password';
create role registry login password :'registry_password';
-- From template0: the image's own scripts have put extensions and background jobs into template1.
create database synap owner synap template template0 encoding 'UTF8';
create database registry owner registry template template0 encoding 'UTF8';
\connect synap
create extension if not exists vector;
create extension if not exists timescaledb;
SQL
