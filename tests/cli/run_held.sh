# Another process holds the record while a run lives: the run goes on, and waits at its end. JIG_LONG=1: for over a minute.
. "$TESTS/../lib/runs.sh"
needs_lookups
longer=0
[ -z "${JIG_LONG:-}" ] || longer=65

cat >jig.yaml <<'E'
steps:
  first: {run: 'touch "$HOME/in"; until [ -e "$HOME/go" ]; do sleep 0.02; done; echo f >f.txt', outputs: [f.txt]}
  again: {needs: first, run: 'test -e ck/one && exit 0; mkdir -p ck; touch ck/one; exit 3', retry: {limit: 1, delay: 10ms}, checkpoints: ck}
  same: {run: "cat f.txt; echo s >s.txt", inputs: [f.txt], outputs: [s.txt]}
  second: {needs: first, run: 'touch "$HOME/second"; until [ -e "$HOME/go2" ]; do sleep 0.02; done'}
E
hold() {
	rm -f "$HOME/has" "$HOME/let"
	python3 - .jig/jig.db "$HOME/has" "$HOME/let" <<'P' &
import os, sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
c.execute("BEGIN IMMEDIATE")
open(sys.argv[2], "w")
while not os.path.exists(sys.argv[3]):
    time.sleep(0.02)
P
	holder=$!
	await test -e "$HOME/has"
}
let_go() {
	touch "$HOME/let"
	wait $holder
}
# WORDS…: `jig run` with them, up to the step that waits.
begin() {
	rm -f "$HOME/in" "$HOME/go" "$HOME/go2" "$HOME/second"
	heeding "$JIG" run --isolation folder -j 4 "$@" >"$HOME/said" 2>&1 &
	live=$!
	await test -e "$HOME/in"
	await is "running first=running again=pending same=pending second=pending"
}
is() {
	[ "$(states last)" = "$1" ]
}
said() {
	grep -qF -- "$1" "$HOME/said"
}
# STATUS
end() {
	status=0
	wait $live || status=$?
	same "$status" "$1"
}

# Steps begin and end while it is held; nothing is told to have ended before it is in the record.
begin
hold
touch "$HOME/go"
await test -e "$HOME/second"
await said "! what happens now is recorded later: "
has "$(cat "$HOME/said")" "another process holds it; see who with \`fuser "
hasnt "$(cat "$HOME/said")" "✓"
same "$(states 1)" "running first=running again=pending same=pending second=pending"
sleep "$longer"
let_go
await is "running first=success again=success same=success second=running"
touch "$HOME/go2"
end 0
same "$(states 1)" "success first=success again=success same=success second=success"
same "$(ask 1 "[a['state'] for a in s['again']['attempts']]")" "['failed', 'success']"
finish

# Steps that are to be reused wait for it.
begin --force first --force second
hold
touch "$HOME/go" "$HOME/go2"
await said "! what happens now is recorded later: "
let_go
end 0
same "$(states 2)" "success first=success again=reused same=reused second=success"
finish

# A person who gives up the waiting: what ended is lost for the record.
begin --fresh
touch "$HOME/go"
await is "running first=success again=success same=success second=running"
hold
touch "$HOME/go2"
await said "! all steps have ended; the run waits to be recorded, Ctrl-C gives up: "
sleep "$longer"
kill -INT $live
end 3
has "$(cat "$HOME/said")" "run 3 could not be recorded to its end: "
let_go
same "$(states 3)" "lost first=success again=success same=success second=lost"
finish

# Ctrl-C while it is held stops the steps.
begin --fresh
hold
touch "$HOME/go"
await test -e "$HOME/second"
kill -INT $live
await said "! all steps have ended; the run waits to be recorded, Ctrl-C gives up: "
let_go
end 130
has "$(states 4)" "stopped first=success "
has "$(states 4)" "second=stopped"
finish
no_tmpdirs
