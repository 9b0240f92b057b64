# Pipelines that no person writes, and a step that prints without end. JIG_LONG=1: 10 GB of it under the limit of 1 GB that is the default.
. "$TESTS/../lib/runs.sh"
sanitized=no
grep -q __asan_init "$JIG" && sanitized=yes
mkdir pipelines
(cd pipelines && git init -q . 2>/dev/null; python3 "$TESTS/limits.py" "$JIG" "$sanitized") || exit 1

# LOG_LIMIT: the rest is the first and the last half of it, and says how much is missing in between.
bytes=200000000 limit=4M most=4194304
[ -z "${JIG_LONG:-}" ] || bytes=10000000000 limit=1G most=1073741824
cat >jig.yaml <<Y
steps:
  loud:
    run: |
      echo the first line
      yes "epoch 7: loss=0.123456 acc=0.87654 lr=0.001, as long as such lines are" | head -c $bytes
      echo; echo the last line
      echo 'in the end' >&2
      echo "\$PPID" >"\$HOME/spawner"
      until [ -e "\$HOME/go" ]; do sleep 0.05; done
    log_limit: $limit
Y
expect 0 jig run -d
until [ -s "$HOME/spawner" ]; do sleep 0.1; done
supervisor=$(ps -o ppid= -p "$(cat "$HOME/spawner")" | tr -d ' ')
peak=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$supervisor/status")
touch "$HOME/go"
await ended last
same "$(states last)" "success loud=success"
log=.jig/runs/1/loud@1/log
[ "$(wc -c <"$log")" -le $most ] || fail "the log has $(wc -c <"$log") bytes"
[ "$(wc -c <"$log")" -ge $((most * 9 / 10)) ] || fail "the log has only $(wc -c <"$log") bytes"
same "$(head -n 1 "$log")" "the first line"
has "$(tail -n 2 "$log")" "the last line"
has "$(tail -n 2 "$log")" "in the end"
has "$(grep -a '^\[jig: ' "$log")" "B left out here]"
# What is there of a line is whole, but around the gap.
same "$(grep -avc '^the first line$\|^the last line$\|^in the end$\|^epoch 7: loss=0.123456 acc=0.87654 lr=0.001, as long as such lines are$' "$log" | awk '{print ($1 <= 5)}')" 1
[ $sanitized = yes ] || [ "$peak" -le 51200 ] || fail "the supervisor had $peak kB"
echo "$bytes bytes printed, a log of $(wc -c <"$log") bytes, the supervisor had $((peak / 1024)) MB"
finish
