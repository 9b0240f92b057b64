# What a run stands on goes while it lives: the file of its record, and the process that starts its steps.
. "$TESTS/../lib/runs.sh"

trap 'touch "$HOME/go"' EXIT

# ---- the record's file is moved away, or another one stands in its place

cat >jig.yaml <<'Y'
steps:
  first: {run: 'echo 1 >f.txt', outputs: [f.txt]}
  long: {needs: first, run: 'echo $$ >"$HOME/new"; mv "$HOME/new" "$HOME/long.pid"; until [ -e "$HOME/go" ]; do sleep 0.02; done'}
  after: {needs: long, run: "true"}
Y
is() {
	[ "$(states last)" = "$1" ]
}
# RUN COMMAND…: what happens to the file while the long step runs.
loses() {
	run=$1
	shift
	rm -f "$HOME/go" "$HOME/long.pid"
	"$JIG" run --isolation folder --fresh >"$HOME/said" 2>&1 &
	sup=$!
	await test -s "$HOME/long.pid"
	await is "running first=success long=running after=pending"
	ln .jig/jig.db .jig/kept
	"$@"
	await gone $sup
	status=0
	wait $sup || status=$?
	same "$status" 3
	said=$(cat "$HOME/said")
	has "$said" "run $run could not be recorded to its end: $PWD/.jig/jig.db was removed or replaced under it"
	has "$said" "\`jig resume $run\` goes on"
	has "$(grep '◌ long' "$HOME/said")" "jig could not record how it ended"
	hasnt "$said" "succeeded"
	all_gone "$HOME/long.pid"
	mv .jig/kept .jig/jig.db
	same "$(states "$run")" "lost first=success long=lost after=lost"
	touch "$HOME/go"
	expect 0 jig resume "$run" --isolation folder
	has "$(states last)" "success first=reused long="
	no_tmpdirs
	finish
}
replace() {
	cp .jig/jig.db .jig/other
	mv .jig/other .jig/jig.db
}
loses 1 rm .jig/jig.db
loses 3 replace

# Behind the last commit, where nothing asks for it any more.
if grep -q JIG_FAULT_STOP "$JIG"; then
	echo 'steps: {only: {run: ":"}}' >jig.yaml
	expect 0 jig run
	expect 0 env JIG_FAULT_LOG="$HOME/points" "$JIG" run --isolation folder
	same "$(states last)" "success only=reused"
	JIG_FAULT_STOP=record-after:$(grep -c '^record-after' "$HOME/points") "$JIG" run --isolation folder >"$HOME/said" 2>&1 &
	sup=$!
	await stopped $sup
	ln .jig/jig.db .jig/kept
	replace
	kill -s CONT $sup
	status=0
	wait $sup || status=$?
	same "$status" 3
	has "$(cat "$HOME/said")" ".jig/jig.db was removed or replaced under it"
	hasnt "$(cat "$HOME/said")" "succeeded"
	mv .jig/kept .jig/jig.db
	finish
fi

# ---- the process that starts steps is killed, and no more than that: what has left the session and the environment of its step goes, too

needs_linux subreaper
cat >jig.yaml <<'Y'
steps:
  a:
    run: |
      setsid env -i /bin/sh -c 'echo $$ >"$1"; exec sleep 600' sh "$HOME/bare.pid" >/dev/null 2>&1 </dev/null &
      until [ -s "$HOME/bare.pid" ]; do sleep 0.02; done
      echo $$ >"$HOME/a.new"; mv "$HOME/a.new" "$HOME/a.pid"
      wait
Y
"$JIG" run --isolation folder >"$HOME/said" 2>&1 &
sup=$!
await test -s "$HOME/a.pid"
kill -9 "$(ps -o ppid= -p "$(cat "$HOME/a.pid")" | tr -d ' ')"
status=0
wait $sup || status=$?
same "$status" 3
has "$(tail -n 1 "$HOME/said")" " is lost: "
all_gone "$HOME/a.pid" "$HOME/bare.pid"
same "$(states last)" "lost a=lost"
no_tmpdirs
finish
