# Further attempts: when, how many, what they are handed, and the private TMPDIR.
. "$TESTS/../lib/runs.sh"

# STEP: when its attempts began and ended, in s, as a Python list of pairs.
clock() {
	ask last "[(a['started'], a['ended']) for a in s['$1']['attempts']]"
}

cat >jig.yaml <<'Y'
steps:
  never: {run: "exit 1", retry: {limit: 2}}
  third: {run: 'echo x >>"$HOME/third"; [ "$(wc -l <"$HOME/third")" = 3 ]', retry: {limit: 5}}
  on75: {run: 'echo x >>"$HOME/on75"; [ "$(wc -l <"$HOME/on75")" != 1 ] || exit 75; exit 74', retry: {limit: 5, on: [75]}}
  signal: {run: 'kill -9 $$', retry: {limit: 1, on: [error]}}
  notime: {run: 'exit 2', retry: {limit: 3, on: [timeout]}}
  missing: {run: "true", outputs: [none.txt], retry: {limit: 1, on: [error]}}
  spawn: {run: [no-such-program], retry: {limit: 1, on: [error]}}
Y
expect 1 jig run
same "$(ask last '[(n, len(x["attempts"]), x["state"], x["attempts"][-1]["cause"], x["attempts"][-1]["exit"], x["attempts"][-1]["signal"]) for n, x in s.items()]')" \
	"[('never', 3, 'failed', 'exit', 1, None), ('third', 3, 'success', None, 0, None), ('on75', 2, 'failed', 'exit', 74, None),\
 ('signal', 2, 'failed', 'signal', None, 9), ('notime', 1, 'failed', 'exit', 2, None), ('missing', 2, 'failed', 'output_missing', 0, None),\
 ('spawn', 2, 'failed', 'spawn', None, None)]"
same "$(jig show last | awk '$1 == "step" { print $4 } $2 == "third" || $2 == "notime" { print $2, $5 }')" "try
third 3
notime exit"
same "$(ask last '[a["state"] for a in s["third"]["attempts"]]')" "['failed', 'failed', 'success']"

# ---- the wait between attempts grows, within 20 %, and has a limit

cat >jig.yaml <<'Y'
steps:
  a: {run: "false", retry: {limit: 3, delay: 200ms, backoff: 2, max_delay: 300ms}}
Y
expect 1 jig run
python3 - "$(clock a)" <<'P' || fail "waits: $(clock a)"
import ast, datetime, sys
at = [[datetime.datetime.fromisoformat(x.replace("Z", "+00:00")).timestamp() for x in pair] for pair in ast.literal_eval(sys.argv[1])]
waits = [at[i + 1][0] - at[i][1] for i in range(len(at) - 1)]
assert len(waits) == 3
for wait, least in zip(waits, (0.16, 0.24, 0.24)):
    assert least <= wait < 5, waits
P

# ---- clocks

cat >jig.yaml <<'Y'
steps:
  slow: {run: "echo begun; sleep 600 & echo $! >$HOME/slow; wait", timeout: 300ms}
  idle: {run: "echo begun; sleep 600", idle_timeout: 300ms}
  lively: {run: "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.1; done", idle_timeout: 500ms}
  metric: {run: 'for i in 1 2 3 4 5 6 7 8; do echo "v=$i" >>"$JIG_METRICS"; sleep 0.1; done', idle_timeout: 500ms}
  busy: {run: [python3, -c, "import time\nwhile time.process_time() < 0.9: pass"], idle_timeout: 300ms}
  again: {run: "[ $JIG_ATTEMPT = 2 ] || sleep 600", timeout: 300ms, retry: {limit: 1, on: [timeout]}}
Y
expect 1 jig run -j 6
# Without /proc nobody sees that a step computes.
busy=success
! posix || busy=failed
same "$(states last)" "failed slow=failed idle=failed lively=success metric=success busy=$busy again=success"
same "$(cause last slow) $(cause last idle)" "timeout idle"
has "$(message last slow)" timeout
has "$(message last idle)" idle_timeout
all_gone "$HOME/slow"

# ---- checkpoints

cat >jig.yaml <<'Y'
steps:
  train:
    run: |
      ls ckpt | tr '\n' ' ' >>"$HOME/seen"; ls "$JIG_CHECKPOINTS" | tr '\n' ' ' >>"$HOME/seen2"
      echo "$JIG_ATTEMPT" >"ckpt/part.$JIG_ATTEMPT.tmp"; mv "ckpt/part.$JIG_ATTEMPT.tmp" "ckpt/part.$JIG_ATTEMPT"
      mkdir "$JIG_CHECKPOINTS/dir.$JIG_ATTEMPT"; echo x >"$JIG_CHECKPOINTS/dir.$JIG_ATTEMPT/x"
      [ "$JIG_ATTEMPT" = 3 ]
    checkpoints: ckpt/
    retry: {limit: 2}
  next: {run: 'ls "$JIG_CHECKPOINTS" >"$HOME/next"', needs: [train]}
Y
expect 0 jig run
same "$(cat "$HOME/seen")" "dir.1 part.1 dir.1 dir.2 part.1 part.2 "
same "$(cat "$HOME/seen2")" "$(cat "$HOME/seen")"
same "$(cat "$HOME/next")" ""

# ---- TMPDIR: private, short, empty, gone

cat >jig.yaml <<'Y'
steps:
  a: {run: &r 'echo "$TMPDIR" >>"$HOME/tmps"; ls -A "$TMPDIR" >>"$HOME/left"; mkdir "$TMPDIR/x"; chmod 0 "$TMPDIR/x"; touch "$TMPDIR/y"; stat -c %a "$(dirname "$TMPDIR")" >>"$HOME/modes"'}
  b: {run: *r}
  c: {run: *r, retry: {limit: 1}}
  fails: {run: 'echo "$TMPDIR" >>"$HOME/tmps"; touch "$TMPDIR/y"; exit 1', retry: {limit: 1}}
Y
expect 1 jig run -j 2
same "$(cat "$HOME/left")" ""
same "$(sort -u "$HOME/modes")" 700
[ "$(wc -l <"$HOME/tmps")" = 5 ]
while read -r dir; do
	[ ${#dir} -le 30 ] || fail "a long TMPDIR: $dir"
	[ ! -e "$dir" ] || fail "$dir is still there"
	[ ! -e "$(dirname "$dir")" ] || fail "the parent of $dir is still there"
done <"$HOME/tmps"
no_tmpdirs
finish
