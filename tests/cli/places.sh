# The project's folder under another name or on another path, runs that a copy shows though they live elsewhere, a machine that sleeps, a clock that is
# set. JIG_LONG=1: it sleeps for minutes.
. "$TESTS/../lib/runs.sh"
needs git
mkdir one
cd one
git init -q .
cat >jig.yaml <<'Y'
steps:
  make: {run: 'cat src.txt data.txt >out.txt', inputs: [data.txt], outputs: [out.txt]}
  use: {run: 'cat out.txt lib.txt >end.txt', inputs: [out.txt], outputs: [end.txt]}
Y
for f in src data lib; do
	echo $f >$f.txt
done
expect 0 jig run
same "$(states last)" "success make=success use=success"

# ---- renamed between runs

cd ..
mv one two
cd two
expect 0 jig run
same "$(states last)" "success make=reused use=reused"
echo more >>lib.txt
expect 0 jig run
same "$(states last)" "success make=reused use=success"
finish

# ---- copied to another path, the original gone

cd ..
cp -a two three
mv two gone
cd three
expect 0 jig run
same "$(states last)" "success make=reused use=reused"
expect 0 jig run --fresh
same "$(states last)" "success make=success use=success"
expect 0 jig get last end.txt -o "$HOME/got"
expect 0 jig gc --now
expect 0 jig show 1
finish

# ---- a copy that is made while a run lives: the original goes on

cat >jig.yaml <<'Y'
steps:
  long: {run: 'echo $$ >"$HOME/long.new"; mv "$HOME/long.new" "$HOME/long.pid"; until [ -e "$HOME/go" ]; do sleep 0.02; done; touch "$TMPDIR/x"; echo done >o.txt', outputs: [o.txt]}
  after: {run: 'cat o.txt', inputs: [o.txt]}
Y
expect 0 jig run -d
live=$(printf '%s\n' "$out" | sed -n 's/^run \([0-9]*\) .*/\1/p')
await test -s "$HOME/long.pid"
is_running() { [ "$(states "$live")" = "running long=running after=pending" ]; }
await is_running
cp -a . ../four
tmp=$(readlink ".jig/runs/$live/tmp")
(
	cd ../four
	expect 0 jig ls
	same "$(states "$live")" "lost long=lost after=lost"
	expect 2 jig stop "$live"
	expect 0 jig rm "$live" --yes
	expect 0 jig gc --now
	finish
) || exit 1
gone "$(cat "$HOME/long.pid")" && fail "a command in a copy ended the original's step"
[ -d "$tmp" ] || fail "a command in a copy removed the original's TMPDIR"
is_running || fail "the original is $(states "$live")"
touch "$HOME/go"
await ended "$live"
same "$(states "$live")" "success long=success after=success"
finish

# ---- renamed while a run lives: it says so, ends, leaves nothing behind, and goes on at the new place

rm -f "$HOME/go" "$HOME/long.pid"
sed -i 's/echo done/echo again/' jig.yaml
"$JIG" run --isolation folder >"$HOME/said" 2>&1 &
sup=$!
await test -s "$HOME/long.pid"
old=$PWD
cd ..
mv three five
cd five
status=0
wait $sup || status=$?
[ "$status" -ne 0 ] || fail "it ended well"
has "$(cat "$HOME/said")" "$old/.jig was renamed or removed under it"
has "$(grep '◌ long' "$HOME/said")" "jig could not record how it ended"
hasnt "$(cat "$HOME/said")" "asked to stop"
run=$(sed -n 's/.*`jig resume \([0-9]*\)`.*/\1/p' "$HOME/said")
same "$(states "$run")" "lost long=lost after=lost"
all_gone "$HOME/long.pid"
[ ! -e "$old" ] || fail "$old was made anew"
touch "$HOME/go"
expect 0 jig resume "$run" --isolation folder
same "$(states last)" "success long=success after=success"
no_tmpdirs
finish

# ---- a laptop that sleeps: the supervisor stands still (JIG_LONG=1: for minutes), then goes on

rm -f "$HOME/go" "$HOME/long.pid"
sed -i "s/outputs: \[o.txt\]/outputs: [o.txt], timeout: 1m, idle_timeout: 1m/" jig.yaml
"$JIG" run --fresh --isolation folder >"$HOME/said" 2>&1 &
sup=$!
await test -s "$HOME/long.pid"
run=$(jig ls --json -n 1 | sed -n 's/.*"run": *\([0-9]*\).*/\1/p' | head -n 1)
kill -s STOP $sup
is_stopped() { grep -q '^State:[[:space:]]*T' "/proc/$sup/status"; }
await is_stopped
touch "$HOME/go"
# It holds its lease: nobody takes the run for lost, or waits for it.
expect 0 jig ls
has "$(states "$run")" running
expect 0 jig verify
# What the step asks for waits for an answer: of its time limits none of this counts.
[ -z "${JIG_LONG:-}" ] || sleep 150
kill -s CONT $sup
wait $sup
same "$(states "$run")" "success long=success after=success"
finish

# ---- a clock that is set back a day while a run lives, and between runs

grep -q JIG_CLOCK "$JIG" || exit 0
rm -f "$HOME/go" "$HOME/long.pid"
JIG_CLOCK=$HOME/clock
export JIG_CLOCK
echo 0 >"$JIG_CLOCK"
"$JIG" run --fresh --isolation folder >"$HOME/said" 2>&1 &
sup=$!
await test -s "$HOME/long.pid"
echo -86400 >"$JIG_CLOCK"
touch "$HOME/go"
wait $sup
same "$(states last)" "success long=success after=success"
# Durations are of the clock that nobody sets.
same "$(ask last '0 <= r["seconds"] < 60, all(0 <= x["attempts"][-1]["seconds"] < 60 for x in r["steps"])')" "(True, True)"
cat >jig.yaml <<'Y'
steps:
  make: {run: 'cat src.txt data.txt >out.txt', inputs: [data.txt], outputs: [out.txt]}
Y
expect 0 jig run --fresh
expect 0 jig run
same "$(states last)" "success make=reused"
echo 3600 >"$JIG_CLOCK"
expect 0 jig run
same "$(states last)" "success make=reused"
echo -86400 >"$JIG_CLOCK"
echo more >>src.txt
expect 0 jig run
same "$(states last)" "success make=success"
expect 0 jig ls
expect 0 jig gc --older-than 1d
expect 0 jig gc --older-than 1h --keep-runs 1 --now
finish
echo 86400 >"$JIG_CLOCK"
expect 0 jig run --fresh
expect 0 jig show last
hasnt "$out" "-"[0-9]
finish
