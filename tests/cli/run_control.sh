# Runs that are stopped, paused, retried and killed from outside.
. "$TESTS/../lib/runs.sh"
project=$PWD

# STEP NAME…: a step that says its pid in $HOME/NAME.pid and ends when $HOME/NAME.go is there.
step_text='echo $$ >"$HOME/$JIG_STEP.new" && mv "$HOME/$JIG_STEP.new" "$HOME/$JIG_STEP.pid"; until [ -e "$HOME/$JIG_STEP.go" ]; do sleep 0.02; done'
reset() {
	rm -f "$HOME"/*.pid "$HOME"/*.go
}
begun() {
	for name; do
		await test -s "$HOME/$name.pid"
	done
}
# The number of the run that was made last, also while it runs.
newest() {
	jig ls --json -n 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["run"])'
}
is() {
	[ "$(states "$1")" = "$2" ]
}

# ---- detached: seen from elsewhere, stopped in parts

cat >jig.yaml <<Y
steps:
  a: {run: &r '$step_text'}
  b: {run: *r}
  c: {run: *r, needs: [a, b], trigger: all_done}
Y
expect 0 jig run --fresh -d -j 3
has "$out" "run 1 "
begun a b
expect 0 jig stop 1 a
await is 1 "running a=stopped b=running c=pending"
all_gone "$HOME/a.pid"
same "$(cause 1 a)" stopped
expect 2 jig stop 1 nosuch
has "$err" nosuch
touch "$HOME/b.go"
begun c
touch "$HOME/c.go"
await is 1 "stopped a=stopped b=success c=success"
expect 2 jig stop 1
has "$err" "has ended"

# A session of its own, /dev/null as its streams: the lease is what tells that it lives.
reset
expect 0 jig run --fresh -d -j 3
begun a b
sup=$(ps -o ppid= -p "$(cat "$HOME/a.pid")" | tr -d ' ')
sup=$(ps -o ppid= -p "$sup" | tr -d ' ')
same "$(ps -o sid= -p "$sup" | tr -d ' ')" "$sup"
for fd in 0 1 2; do
	same "$(readlink "/proc/$sup/fd/$fd")" /dev/null
done
expect 0 jig stop --now 2
await ended 2
same "$(states 2)" "stopped a=stopped b=stopped c=stopped"
same "$(jig ls --columns number,steps | tr -s ' ' | sed 's/^ //' | tr '\n' ';')" "# steps;2 0/3;1 2/3;"
all_gone "$HOME/a.pid" "$HOME/b.pid"
await gone "$sup"

# ---- pause and go on

reset
cat >jig.yaml <<Y
steps:
  a: {run: &r '$step_text'}
  b: {run: *r, needs: [a]}
Y
expect 0 jig run --fresh -d
begun a
expect 0 jig pause last
touch "$HOME/a.go"
await is last "running a=success b=queued"
expect 0 jig show last
has "$(printf '%s\n' "$out" | head -n 1)" "running  paused: no new step starts until \`jig continue $(newest)\`"
expect 0 jig continue last
begun b
expect 0 jig show last
hasnt "$out" paused
touch "$HOME/b.go"
await is last "success a=success b=success"
expect 0 jig show last
hasnt "$out" paused

# What is asked for in the meantime starts later, and the answer says so.
reset
cat >jig.yaml <<Y
steps:
  a: {run: '[ \$JIG_ATTEMPT = 2 ]', retry: {limit: 1, delay: 1h, max_delay: 1h}}
  b: {run: '[ \$JIG_ATTEMPT = 2 ]'}
  c: {run: '$step_text'}
Y
expect 0 jig run --fresh -d -j 3
begun c
await is last "running a=retrying b=failed c=running"
expect 0 jig pause last
expect 0 jig retry last a
has "$out" "its next attempt starts when the run, which is paused, goes on: \`jig continue\`"
expect 0 jig retry last b
has "$out" "attempt 2 starts when the run, which is paused, goes on"
await is last "running a=retrying b=queued c=running"
expect 0 jig continue last
await is last "running a=success b=success c=running"
touch "$HOME/c.go"
await ended last

# ---- a step tried again while another runs

reset
cat >jig.yaml <<Y
steps:
  bad: {run: 'echo \$JIG_ATTEMPT >>"\$HOME/tries"; ls ckpt >>"\$HOME/ckpts"; touch ckpt/\$JIG_ATTEMPT; [ -e "\$HOME/good" ]; echo 1 >b.txt', outputs: [b.txt], checkpoints: ckpt/}
  next: {run: 'cp b.txt "\$HOME/next"', inputs: [b.txt]}
  far: {run: 'touch "\$HOME/far"', needs: [next]}
  skipped: {run: "false", needs: [bad], trigger: one_failed, retry: {limit: 0}}
  long: {run: '$step_text'}
Y
expect 0 jig run --fresh -d -j 3
begun long
await is last "running bad=failed next=upstream_failed far=upstream_failed skipped=failed long=running"
expect 0 jig retry last bad
await sh -c '[ "$(wc -l <"$HOME/tries")" = 2 ]'
await is last "running bad=failed next=upstream_failed far=upstream_failed skipped=failed long=running"
jig show last >"$HOME/said"
same "$(sed -n 's/^⊘ //p' "$HOME/said" | tr -s ' ' | tr '\n' ';')" "next not started bad failed;far not started bad failed;"
same "$(jig show last far | sed -n 's/^  why *//p')" "bad failed"
touch "$HOME/good"
expect 0 jig retry last bad
await is last "running bad=success next=success far=success skipped=failed long=running"
same "$(cat "$HOME/next") $(tr '\n' ' ' <"$HOME/tries")$(tr '\n' ' ' <"$HOME/ckpts")" "1 1 2 3 1 1 2 "
expect 0 jig retry last next
has "$out" "only a failed or stopped step"
touch "$HOME/long.go"
await ended last
same "$(states last)" "failed bad=success next=success far=success skipped=failed long=success"
expect 2 jig retry last skipped
has "$err" "has ended"

# What is asked for twice happens once: the wait for a retry is over, and the step waits for room.
reset
rm -f "$HOME/tries"
cat >jig.yaml <<Y
steps:
  x: {run: 'echo \$JIG_ATTEMPT >>"\$HOME/tries"; [ \$JIG_ATTEMPT != 1 ]', retry: {limit: 3, delay: 1ms}}
  y: {run: '$step_text'}
Y
expect 0 jig run --fresh -d -j 1
begun y
lacks_room() {
	jig retry last x | grep -q "its next attempt starts as soon as there is room"
}
await lacks_room
expect 0 jig retry last x
touch "$HOME/y.go"
await ended last
same "$(states last) $(tr '\n' ' ' <"$HOME/tries")" "success x=success y=success 1 2 "

# Nor does a wish that comes while the next attempt is prepared begin another.
rm -f "$HOME/tries"
cat >jig.yaml <<'Y'
steps:
  x:
    run: |
      echo $JIG_ATTEMPT >>"$HOME/tries"
      [ $JIG_ATTEMPT != 1 ] || { head -c 100M /dev/zero >ck/big; exit 1; }
    checkpoints: ck/
    retry: {limit: 3, delay: 1ms}
Y
expect 0 jig run --fresh -d
while jig retry last x >/dev/null 2>&1; do :; done
await ended last
same "$(states last) $(tr '\n' ' ' <"$HOME/tries")" "success x=success 1 2 "

# Wishes of one moment: a step that a stop has let begin is stopped and tried again.
reset
cat >jig.yaml <<Y
steps:
  a: {run: &r '$step_text'}
  x: {run: "true"}
  y: {run: "true", needs: [x], trigger: all_done}
Y
"$JIG" run --fresh --isolation folder -j 1 >"$HOME/said" 2>&1 &
sup=$!
begun a
kill -STOP $sup
wished=0
for wish in "stop last x" "stop last y" "retry last y"; do
	# shellcheck disable=SC2086
	"$JIG" $wish >"$HOME/wish.$wished" 2>&1 &
	wished=$((wished + 1))
	await sh -c '[ "$(python3 -c "import sqlite3; print(sqlite3.connect(\".jig/jig.db\").execute(\"SELECT count(*) FROM request WHERE taken IS NULL\").fetchone()[0])")" = '$wished' ]'
done
kill -CONT $sup
touch "$HOME/a.go"
wait $sup && fail "a step was stopped"
same "$(states last)" "stopped a=success x=stopped y=success"

# What has to wait for others is not tried before them.
reset
cat >jig.yaml <<Y
steps:
  a: {run: &r '$step_text'}
  bad: {run: '[ -e "\$HOME/good" ]'}
  b: {run: "true", needs: [a]}
  c: {run: "true", needs: [bad]}
  long: {run: *r}
Y
rm -f "$HOME/good"
expect 0 jig run --fresh -d -j 1
begun a
expect 0 jig stop last b
has "$out" "stopped before it began"
expect 0 jig stop last c
expect 0 jig retry last b
has "$out" "what it needs has not ended yet: retry it then"
touch "$HOME/a.go"
begun long
await is last "running a=success bad=failed b=stopped c=stopped long=running"
expect 0 jig retry last c
has "$out" "what it needs did not succeed: retry that first"
expect 0 jig retry last b
touch "$HOME/good"
expect 0 jig retry last bad
expect 0 jig continue last
has "$out" "it was not paused"
touch "$HOME/long.go"
await ended last
same "$(states last)" "stopped a=success bad=success b=success c=stopped long=success"

# A stop that comes when the time is over already: no further attempt follows.
reset
cat >jig.yaml <<Y
steps:
  a: {run: 'trap "touch \$HOME/over" TERM; until [ -e "\$HOME/a.go" ]; do sleep 0.02 || :; done', timeout: 300ms, retry: {limit: 3, delay: 1ms}}
  w: {run: 'exit 1', retry: {limit: 3, delay: 1h, max_delay: 1h}}
Y
rm -f "$HOME/over"
expect 0 jig run --fresh -d -j 2
await test -e "$HOME/over"
expect 0 jig stop --now last a
has "$out" "stopping"
expect 0 jig stop last w
has "$out" "no further attempt follows"
await ended last
same "$(ask last '[(n, len(x["attempts"]), x["state"], x["attempts"][-1]["cause"]) for n, x in s.items()]')" \
	"[('a', 1, 'failed', 'timeout'), ('w', 1, 'stopped', 'exit')]"

# Plain output says so: a step begins again, and what could not start because of it waits again.
cat >jig.yaml <<Y
steps:
  bad: {run: '[ \$JIG_ATTEMPT = 2 ]'}
  next: {run: "true", needs: [bad]}
  long: {run: '$step_text'}
Y
reset
"$JIG" run --fresh --isolation folder -j 2 >"$HOME/said" 2>&1 &
sup=$!
begun long
await is last "running bad=failed next=upstream_failed long=running"
expect 0 jig retry last bad
await is last "running bad=success next=success long=running"
touch "$HOME/long.go"
wait $sup
same "$(sed -n 's/^  \([^ ]*\) \(bad\|next\) .*/\1 \2/p' "$HOME/said" | tr '\n' ';')" "✗ bad;⊘ next;∙ bad;· next;✓ bad;✓ next;"
has "$(cat "$HOME/said")" "begins again: attempt 2"

# A wait for a retry is cut short, or ended.
cat >jig.yaml <<'Y'
steps:
  a: {run: '[ "$JIG_ATTEMPT" = 2 ]', retry: {limit: 1, delay: 1h, max_delay: 1h}}
  b: {run: 'false', retry: {limit: 1, delay: 1h, max_delay: 1h}}
  both: {run: ":", needs: [a, b]}
Y
expect 0 jig run --fresh -d
await is last "running a=retrying b=retrying both=pending"
expect 0 jig stop last b
await is last "running a=retrying b=stopped both=upstream_failed"
same "$(jig show last | sed -n 's/^⊘ //p' | tr -s ' ')" "both not started b was stopped"
expect 0 jig retry last a
await is last "stopped a=success b=stopped both=upstream_failed"

# What a step that ends between two attempts says is not the error of the first.
heeding "$JIG" run --fresh --isolation folder -j 2 >"$HOME/said" 2>&1 &
sup=$!
await is last "running a=retrying b=retrying both=pending"
kill -s INT $sup
wait $sup || true
same "$(states last)" "stopped a=stopped b=stopped both=stopped"
has "$(grep '■ a' "$HOME/said")" "stopped before attempt 2"
hasnt "$(grep '■ a' "$HOME/said")" "exit 1"

# ---- signals

cat >jig.yaml <<Y
steps:
  a: {run: '$step_text'}
  b: {run: "true", needs: [a]}
Y
# SIGNAL STATUS
signalled() {
	reset
	heeding "$JIG" run --fresh --isolation folder >"$HOME/said" 2>&1 &
	sup=$!
	begun a
	kill -s "$1" $sup
	status=0
	wait $sup || status=$?
	same "$1 $status $(states last)" "$1 $2 stopped a=stopped b=stopped"
	all_gone "$HOME/a.pid"
}
signalled INT 130
signalled TERM 143
signalled HUP 143
signalled QUIT 143
# What was ignored when it began stays so, as under nohup and in the background of a script; SIGTERM is always heard.
reset
(trap '' HUP INT QUIT && exec "$JIG" run --fresh --isolation folder >"$HOME/said" 2>&1) &
sup=$!
begun a
kill -s HUP $sup
kill -s INT $sup
kill -s QUIT $sup
touch "$HOME/a.go"
wait $sup || fail "a signal that it was told to ignore ended it: $?"
same "$(states last)" "success a=success b=success"
reset
(trap '' TERM && exec "$JIG" run --fresh --isolation folder >"$HOME/said" 2>&1) &
sup=$!
begun a
kill -s TERM $sup
status=0
wait $sup || status=$?
same "$status $(states last)" "143 stopped a=stopped b=stopped"
# Steps get them all as ever.
if [ -e /proc/self/status ]; then
	printf 'steps:\n  a: {run: "grep Sig[BI] /proc/self/status >$HOME/signals"}\n' >jig.yaml
	(trap '' QUIT && expect 0 jig run)
	# Two that the C library keeps to itself may have been ignored before the tests began, and nobody can change that.
	same "$(tr -d '\n\t' <"$HOME/signals" | sed 's/0000000180000000/0000000000000000/')" \
		"SigBlk:0000000000000000SigIgn:0000000000000000"
fi
cat >jig.yaml <<'Y'
steps:
  a: {run: "trap '' TERM; echo $$ >$HOME/a.new; mv $HOME/a.new $HOME/a.pid; while :; do sleep 0.02; done"}
Y
reset
heeding "$JIG" run --fresh --isolation folder >"$HOME/said" 2>&1 &
sup=$!
begun a
kill -s INT $sup
await sh -c 'jig show last >/dev/null && kill -s INT '$sup
status=0
began=$(date +%s)
wait $sup || status=$?
[ $(($(date +%s) - began)) -le 3 ] || fail "the second SIGINT did not end it at once"
same "$status $(states last)" "130 stopped a=stopped"
all_gone "$HOME/a.pid"
no_tmpdirs

# NAME OPTION…: the run of a project of its own, whose step NAME only SIGKILL ends.
stubborn() {
	mkdir "$1"
	cd "$1"
	cat >jig.yaml <<Y
params: {n: 0}
steps:
  $1:
    run: |
      trap 'touch "\$HOME/$1.told"' TERM
      echo \$\$ >"\$HOME/$1.new" && mv "\$HOME/$1.new" "\$HOME/$1.pid"
      while :; do sleep 0.02 || :; done
  fails: {run: '[ $1 != fast ] || until [ -e "\$HOME/fails.go" ]; do sleep 0.02; done; [ $1 != fast ]'}
Y
	name=$1
	shift
	heeding "$JIG" run --isolation folder -j 2 "$@" >"$HOME/$name.said" 2>&1 &
	sup=$!
	begun "$name"
	began=$(date +%s)
}
# STATUS STATES: it ended so, its step not before the grace of 5 s was over.
orderly() {
	status=0
	wait $sup || status=$?
	[ $(($(date +%s) - began)) -ge 4 ] || fail "$name was not given its grace"
	same "$status $(states last)" "$1 $2"
	cd "$project"
}
reset
# A session that ends sends both.
stubborn session
await is last "running session=running fails=success"
kill -s TERM $sup
kill -s HUP $sup
orderly 143 "stopped session=stopped fails=success"
# A stop that is under way is none of this terminal: there the first Ctrl-C is as orderly as ever, and ends a sweep.
stubborn fast --fail-fast --sweep n=1,2
touch "$HOME/fails.go"
await test -e "$HOME/fast.told"
kill -s INT $sup
orderly 130 "failed fast=stopped fails=failed"
has "$(cat "$HOME/fast.said")" "1 of the sweep's 2 runs not begun"
stubborn wish
await is last "running wish=running fails=success"
expect 0 jig stop last
await test -e "$HOME/wish.told"
kill -s INT $sup
orderly 130 "stopped wish=stopped fails=success"

# ---- nobody reads what it prints

rm -f "$HOME/over"
cat >jig.yaml <<'Y'
steps:
  a: {run: 'until [ -e "$HOME/read.go" ]; do sleep 0.02; done'}
  b: {run: 'echo x; (yes || echo $? >"$HOME/yes") | head -n 1', needs: [a]}
Y
(
	jig run --fresh || echo "status $?" >"$HOME/said"
	touch "$HOME/over"
) | head -n 1 >/dev/null &
await sh -c 'jig show last | grep -q running'
touch "$HOME/read.go"
await test -e "$HOME/over"
same "$(states last)" "success a=success b=success"
same "$(cat "$HOME/yes")" 141
jig run --fresh >&- 2>&- <&-
same "$(states last)" "success a=success b=success"
jig run --fresh >/dev/full 2>&1
same "$(states last)" "success a=success b=success"

# ---- killed: nothing can be written any more, and the next command sees to it

cat >jig.yaml <<'Y'
steps:
  a:
    run: |
      setsid sh -c 'echo $$ >"$HOME/daemon.pid"; exec sleep 600' >/dev/null 2>&1 </dev/null &
      sleep 600 & echo $! >"$HOME/child.pid"
      until [ -s "$HOME/daemon.pid" ]; do sleep 0.02; done
      touch "$TMPDIR/x"
      echo "v=1" >>"$JIG_METRICS"; echo printed
      echo $$ >"$HOME/a.new"; mv "$HOME/a.new" "$HOME/a.pid"
      wait
  b: {run: "true", needs: [a]}
Y
# WHOM…: the supervisor, the spawner or both get SIGKILL.
killed() {
	reset
	expect 0 jig run --fresh -d
	begun a
	run=$(newest)
	await is "$run" "running a=running b=pending"
	spawner=$(ps -o ppid= -p "$(cat "$HOME/a.pid")" | tr -d ' ')
	sup=$(ps -o ppid= -p "$spawner" | tr -d ' ')
	for who; do
		case $who in
		supervisor) kill -9 "$sup" ;;
		spawner) kill -9 "$spawner" ;;
		esac
	done
	await gone "$sup"
	jig ls >"$HOME/said"
	same "$* $(states "$run")" "$* lost a=lost b=lost"
	jig show "$run" >"$HOME/said"
	has "$(grep '^◌ a ' "$HOME/said")" "the supervisor died, or failed, while it ran"
	has "$(grep '^◌ b ' "$HOME/said")" "the run was lost before it began"
	has "$(jig show "$run" a)" "lost  the supervisor died, or failed, while it ran"
	leave "$HOME/daemon.pid"
	all_gone "$HOME/a.pid" "$HOME/child.pid" "$HOME/daemon.pid"
	same "$(cause "$run" a)" lost
	no_tmpdirs
}
killed supervisor
needs_linux /proc # by which the next command finds what a spawner has left
killed spawner
killed spawner supervisor
# The record goes on as if nothing had been.
printf 'steps:\n  a: {run: "true"}\n' >jig.yaml
expect 0 jig run
cd "$project"
finish
