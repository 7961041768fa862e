# Sourced by services.sh: what a whole test run leaves behind, and a look through all of it.
# shellcheck shell=bash

# Stands in every place that is looked through; an empty look cannot pass for a clean one.
planted='a heron stands in the reeds'

# The tests put their folders (SQLite databases, logs of servers) into TEST_LEFT instead of deleting them, and write every token,
# secret and cookie that went over a wire into TEST_SECRETS.
keep_what_is_left() {
  mkdir -p "$services_dir/left" "$services_dir/secrets"
  chmod 1777 "$services_dir/left" "$services_dir/secrets"
  export TEST_LEFT=$services_dir/left TEST_SECRETS=$services_dir/secrets
}

# A row in a database that is dropped at once, a key that is deleted at once, a line of a log.
plant() {
  local bin
  bin=$(postgres_bin)
  "$bin/psql" --quiet --no-psqlrc -v ON_ERROR_STOP=1 "$TEST_DATABASE_URL" -c 'CREATE DATABASE planted'
  "$bin/psql" --quiet --no-psqlrc -v ON_ERROR_STOP=1 "${TEST_DATABASE_URL%/*}/planted" \
    -c 'CREATE TABLE reeds (bird TEXT)' -c "INSERT INTO reeds VALUES ('$planted')"
  "$bin/psql" --quiet --no-psqlrc -v ON_ERROR_STOP=1 "$TEST_DATABASE_URL" -c 'DROP DATABASE planted'
  redis-cli -u "$TEST_REDIS_URL" set planted "$planted" >/dev/null
  redis-cli -u "$TEST_REDIS_URL" del planted >/dev/null
  printf '%s\n' "$planted" >"$TEST_LEFT/planted"
}

# Texts that nobody may find: those of personal.txt, and what the tests wrote down while they ran.
needles() {
  grep -v '^#' "$root/tests/run/personal.txt"
  # {"alg":  {"typ":  {"kid":  and the beginnings of payloads, as signed tokens write them.
  printf '%s\n' eyJhbGciOi eyJ0eXAiOi eyJraWQiOi eyJpc3MiOi eyJhdWQiOi eyJzdWIiOi eyJqdGkiOi eyJleHAiOi
  cat "$TEST_SECRETS"/* 2>/dev/null | LC_ALL=C grep -E '^.{20,}$' | sort -u
}

# PostgreSQL's whole folder with the write-ahead log of the run, every command Redis was given, and every log and SQLite file.
# Mails on their way out are the one thing with an address on it (the folders named mail).
# A service named by the environment is not ours to read.
nothing_personal_left() {
  if [ -z "$services_dir" ]; then
    printf 'the services belong to somebody else: what they keep was not looked at\n'
    return 0
  fi
  local bin place found list=$services_dir/needles
  bin=$(postgres_bin)
  # Everything is on disk once they have stopped.
  unprivileged "$bin/pg_ctl" --pgdata="$services_dir/pg" --mode=fast --wait --silent stop
  redis-cli -u "$TEST_REDIS_URL" shutdown nosave >/dev/null 2>&1 || true
  needles >"$list"
  look() { LC_ALL=C grep -r -a -F --exclude-dir=mail "$@" "$services_dir"/pg "$services_dir"/*.log "$services_dir"/appendonlydir "$services_dir"/left; }

  # The look itself is looked at: what was planted, what the tests are known to write, and that they wrote down their secrets.
  for place in pg/pg_wal appendonlydir left; do
    LC_ALL=C grep -rqaF "$planted" "$services_dir/$place" || { printf 'nothing is found in %s\n' "$place"; return 1; }
  done
  for place in concord-it concord-e2e concord-partners concord-story; do
    LC_ALL=C grep -rqaF consent_events "$services_dir"/left/$place* || { printf 'no database in left/%s*\n' "$place"; return 1; }
  done
  for place in concord-it concord-partners; do
    LC_ALL=C grep -rqaF http.server.response "$services_dir"/left/$place* || { printf 'no log of a server in left/%s*\n' "$place"; return 1; }
  done
  [ "$(wc -l <"$list")" -gt 1000 ] || { printf 'the tests wrote down only %s secrets\n' "$(wc -l <"$list")"; return 1; }
  while read -r place; do
    LC_ALL=C grep -rqF --exclude-dir=node_modules --exclude-dir=.cache --exclude=personal.txt -- "$place" tests src/demo \
      || { printf 'personal.txt: no test uses %s any more\n' "$place"; return 1; }
  done < <(grep -v '^#' tests/run/personal.txt)

  du -sh "$services_dir"/pg/pg_wal "$services_dir"/pg "$services_dir"/left "$services_dir"/appendonlydir
  found=$(look -l -f "$list" || true)
  [ -z "$found" ] && return 0
  printf '%s\n' "$found" | head -30
  look -h -o -f "$list" | sort | uniq -c | sort -rn | head -30
  return 1
}
