# The live view of `jig run` in a real terminal: what is left of it when the run has ended.
. "$TESTS/lib.sh"

cat >jig.yaml <<'Y'
steps:
  good: {run: 'echo "acc=0.5" >> "$JIG_METRICS"'}
  bad: {run: 'echo first; echo second; echo "third is wrong" >&2; exit 4'}
  after: {needs: bad, run: ":"}
Y
status=0
NO_COLOR=1 on_terminal jig run -j 1 >"$HOME/seen" || status=$?
same "$status" 1
seen=$(cat "$HOME/seen")
has "$seen" "run 1 "
has "$seen" "✓ good"
has "$seen" "acc 0.5"
has "$seen" "third is wrong"
# The lines before the error, a line each.
has "$seen" "│ first"
has "$seen" "│ second"
has "$seen" "1 ran, 1 failed, 1 not started"
has "$seen" "jig logs 1"
# It never takes the whole screen, and leaves the cursor visible.
hasnt "$seen" "$(printf '\033[?1049h')"
case $seen in
*"$(printf '\033[?25l')"*) has "${seen##*"$(printf '\033[?25l')"}" "$(printf '\033[?25h')" ;;
esac

# The runs of a sweep stand below each other.
cat >jig.yaml <<'Y'
params: {seed: 0}
steps:
  one: {run: 'echo "seen=${params.seed}" >> "$JIG_METRICS"'}
Y
NO_COLOR=1 on_terminal jig run --sweep seed=4,5,6 >"$HOME/seen"
python3 - "$HOME/seen" <<'P'
import re, sys
runs = re.split(r"outputs: jig get \d+ +metrics: jig metrics \d+\s*", open(sys.argv[1], encoding="utf-8").read())
assert len(runs) == 4 and not runs[3], runs
for number, text in enumerate(runs[:3], 2):
    # Nothing goes up before the title is written.
    assert text.startswith(f"run {number} "), text
    assert f"seen {number + 2}" in text, text
P
# How long is left is told by what steps took last, until a step has been at it for longer.
cat >jig.yaml <<'Y'
params: {wait: false}
steps:
  first: {run: 'while [ ${params.wait} = true ] && [ ! -e "$HOME/go" ]; do sleep 0.05; done; echo $JIG_RUN >x', outputs: [x]}
  second: {inputs: [x], run: 'sleep 2.2'}
Y
expect 0 jig run --isolation folder
NO_COLOR=1 on_terminal jig run --isolation folder -p wait=true >"$HOME/seen" &
# No frame without a number would come if that went on for ever.
used_up() {
	grep -aq '0 of 2 · [0-9:]* · 1 running' "$HOME/seen"
}
await used_up
touch "$HOME/go"
wait $!
has "$(cat "$HOME/seen")" "about 0:02 left"
hasnt "$(cat "$HOME/seen")" "about 0:00 left"

jig fsck
jig verify
