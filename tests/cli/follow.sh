# jig logs -f: what comes later comes too, and it ends with the step.
. "$TESTS/lib.sh"
cat >jig.yaml <<'E'
steps:
  talks:
    run: |
      echo first
      while [ ! -e "$HOME/go" ]; do sleep 0.05; done
      echo second
      exit 1
E
jig run -d >/dev/null
jig logs last -f >log &
follower=$!
first() { grep -q first log; }
await first
grep -q second log && fail "too early"
touch "$HOME/go"
wait $follower
same "$(cat log)" "first
second"
expect 0 jig logs last -f
same "$out" "first
second"

# Without a step the whole of a live run is followed: one log after the other, none of them twice.
mkdir whole
cd whole
cat >jig.yaml <<'Y'
steps:
  one:
    run: |
      echo of one
      while [ ! -e "$HOME/go-on" ]; do sleep 0.05; done
  two: {needs: [one], run: "echo of two; echo that is all"}
Y
jig run -d >/dev/null
jig logs last -f >log &
follower=$!
one() { grep -q "of one" log; }
await one
touch "$HOME/go-on"
wait $follower
same "$(cat log)" "of one
of two
that is all"
cd ..

# A step of a run whose supervisor was killed: the run is lost, and following it ends.
rm "$HOME/go"
jig run >/dev/null 2>&1 &
supervisor=$!
begun() { jig logs 2 | grep -q first; }
await begun
jig logs 2 -f >log &
follower=$!
kill -9 $supervisor
wait $follower
expect 0 jig show 2
has "$out" "lost"
finish
