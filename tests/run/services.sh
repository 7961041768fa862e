# Sourced: a private PostgreSQL and a private Redis on free ports, gone when the script ends.
# shellcheck shell=bash
. "$root/tests/run/left.sh"
services_dir=

# Below the ports that systems give out by themselves, so that what the tests open at the same time does not take it first.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  printf '%s\n' "$port"
}

# PostgreSQL refuses to run as root; the package's own user, or nobody, does.
unprivileged() {
  if [ "$(id -u)" -ne 0 ]; then "$@"; return; fi
  local user=nobody
  getent passwd postgres >/dev/null && user=postgres
  (cd / && exec runuser -u "$user" -- "$@")
}

start_services() {
  if [ -n "${TEST_DATABASE_URL:-}" ] && [ -n "${TEST_REDIS_URL:-}" ]; then
    say "Using the PostgreSQL and the Redis named by the environment"
    return
  fi
  local bin port password redis_port
  bin=$(postgres_bin)
  services_dir=$(mktemp -d "${TMPDIR:-/tmp}/concord-test.XXXXXX")
  chmod 711 "$services_dir"
  if [ "$(id -u)" -eq 0 ]; then chown "$(unprivileged id -u):$(unprivileged id -g)" "$services_dir"; fi
  keep_what_is_left

  port=$(free_port)
  password=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
  unprivileged sh -c "umask 077; echo $password >'$services_dir/password'"
  say "PostgreSQL ($("$bin/postgres" --version | awk '{print $3}')) on port $port"
  unprivileged "$bin/initdb" --pgdata="$services_dir/pg" --username=postgres --pwfile="$services_dir/password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C >"$cache/initdb.log" 2>&1 || { cat "$cache/initdb.log"; die "initdb failed"; }
  unprivileged sh -c "cat >>'$services_dir/pg/postgresql.conf'" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$services_dir'
max_connections = 200
fsync = on
shared_buffers = 128MB
log_min_messages = warning
log_min_error_statement = panic
# Every segment of the write-ahead log stays: it holds what stood in databases that the tests have dropped.
wal_keep_size = 64GB
max_wal_size = 2GB
wal_compression = off
CONF
  unprivileged "$bin/pg_ctl" --pgdata="$services_dir/pg" --log="$services_dir/postgres.log" --wait --silent start \
    || { cat "$services_dir/postgres.log"; die "PostgreSQL did not start"; }
  # Two roles, as in production: the owner migrates, the server works.
  PGPASSWORD=$password "$bin/psql" --quiet --no-psqlrc -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres -d postgres <<SQL
CREATE ROLE concord_owner LOGIN CREATEDB PASSWORD '$password';
CREATE ROLE concord_server LOGIN PASSWORD '$password';
GRANT pg_signal_backend TO concord_owner;
GRANT concord_server TO concord_owner;
SQL
  export TEST_DATABASE_URL="postgres://concord_owner:$password@127.0.0.1:$port/postgres"
  export TEST_SERVER_DATABASE_URL="postgres://concord_server:$password@127.0.0.1:$port/postgres"

  redis_port=$(free_port)
  say "Redis ($(redis-server --version | sed 's/.*v=\([^ ]*\).*/\1/')) on port $redis_port"
  unprivileged redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$services_dir" --save '' \
    --appendonly yes --appendfsync no --auto-aof-rewrite-percentage 0 \
    --daemonize yes --pidfile "$services_dir/redis.pid" --logfile "$services_dir/redis.log" >/dev/null
  local tries=0
  until redis-cli -p "$redis_port" ping >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat "$services_dir/redis.log"; die "Redis did not start"; }
    sleep 0.05
  done
  export TEST_REDIS_URL="redis://127.0.0.1:$redis_port"
  plant
}

stop_services() {
  [ -n "$services_dir" ] || return 0
  local bin
  bin=$(postgres_bin)
  unprivileged "$bin/pg_ctl" --pgdata="$services_dir/pg" --mode=immediate --silent stop >/dev/null 2>&1 || true
  [ -s "$services_dir/redis.pid" ] && kill "$(cat "$services_dir/redis.pid")" 2>/dev/null || true
  rm -rf "$services_dir"
  services_dir=
}
