# A record that a newer jig has made: every command says so, and not a byte of it changes.
. "$TESTS/../lib/runs.sh"
XDG_CONFIG_HOME=$HOME/config
export XDG_CONFIG_HOME
printf 'steps:\n  a: {run: "true"}\n' >jig.yaml
expect 0 jig run
python3 - <<'P'
import sqlite3
d = sqlite3.connect(".jig/jig.db", isolation_level=None)
d.execute("PRAGMA user_version = 99")
d.execute("PRAGMA wal_checkpoint(TRUNCATE)")
P
was=$(sha256sum <.jig/jig.db)
echo "Esc" >keys
for words in "run" "run -d" "resume 1" "plan" "ls" "show 1" "logs 1" "metrics 1" "dag 1" "get 1" "stop 1" "rm 1 --yes" "tag 1 a=b" "gc" "fsck" "verify" \
	"--script keys --size 80x24"; do
	# shellcheck disable=SC2086
	expect 2 jig $words
	has "$err" "was made by a newer jig (schema 99, this one knows"
	has "$err" "update jig"
done
same "$(sha256sum <.jig/jig.db)" "$was"
same "$(find .jig/runs -mindepth 1 -maxdepth 1)" ".jig/runs/1"
