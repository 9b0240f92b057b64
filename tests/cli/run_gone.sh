# The process that starts steps is killed while a run lives.
. "$TESTS/../lib/runs.sh"

# What has left the session and the environment of its step goes with the process that starts steps.
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
