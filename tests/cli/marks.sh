# Tags, notes, names; removal, and what gc frees then.
. "$TESTS/lib.sh"
needs python3
cp "$TESTS/demo.yaml" jig.yaml
expect 0 jig run
expect 0 jig run -p seed=8 -p train.lr=0.3
expect 0 jig run -p seed=9

expect 0 jig tag 1 team=a who='b c=d' --name best
expect 0 jig tag best
same "$out" "team=a
who=b c=d"
expect 0 jig tag 1 team=
expect 0 jig tag 1
same "$out" "who=b c=d"
expect 2 jig tag 1 plain
expect 2 jig tag 1 ok=1 9bad=x
expect 0 jig tag 1
hasnt "$out" ok
# A tag is no place for contents; what is refused leaves no run either.
expect 2 jig tag 1 "long=$(printf '%05000d' 0)"
has "$err" "the value of tag long has 5000 bytes, and may have 4096"
expect 2 jig run --tag "long=$(printf '%05000d' 0)"
has "$err" "the value of tag long has 5000 bytes"
expect 2 jig show 4
expect 2 jig tag 2 --name best
expect 2 jig tag 2 --name last
expect 0 jig note 1 "one line"
printf 'two\nlines\n\n' | jig note best -
expect 0 jig show 1
has "$out" "two"
hasnt "$out" "one line"
expect 0 jig ls --filter "tags.who = 'b c=d'" --columns name
has "$out" best
printf 'bad \377\n' | { ! jig note 1 - 2>/dev/null; } || fail "took a note that is not UTF-8"

# A marked run is still what it was.
expect 0 jig verify
anchor=$(jig verify --anchor)
expect 0 jig verify --anchor="$anchor"
expect 1 jig verify --anchor="$(echo "$anchor" | tr 0-8 1-9)"

# rm: all or none; asks on a terminal; does not without one.
expect 2 jig rm 2 99
expect 0 jig show 2
TERMINAL_INPUT='n
' on_terminal jig rm 2 >/dev/null && fail "removed in spite of n"
expect 0 jig show 2
TERMINAL_INPUT='y
' on_terminal jig rm 2 >/dev/null || fail "y was not taken"
expect 2 jig show 2
expect 0 jig ls --columns number
same "$(printf "%s\n" "$out" | tr -d ' ' | tr '\n' ' ')" "# 3 1 "
expect 0 jig rm 3
same "$out" "removed run 3; \`jig gc\` frees what no other run uses of it"
expect 0 jig verify
has "$out" ", 1 ended run (and 2 removed), "
expect 0 jig fsck

# gc says to the byte what it frees. Everything is young, so only folders go at first.
expect 0 jig gc --dry-run --now --json
dry=$out
[ -d .jig/runs/2 ] || fail "a dry run removed something"
expect 0 jig gc --now --json
same "$out" "$dry"
[ ! -d .jig/runs/2 ] || fail "the folder of a removed run stays"
[ -d .jig/runs/1 ] || fail "the folder of a kept run went"
expect 0 jig fsck --json
has "$out" '"garbage": 0'
has "$out" '"folders": 0'
expect 0 jig get 1 -o out

# Policies remove runs first; the dry run leaves them.
expect 0 jig run -p seed=10
expect 0 jig gc --keep-runs 1 --dry-run
has "$out" "would remove 1 run"
expect 0 jig show 1
expect 0 jig gc --older-than 1d --keep-runs 0
expect 0 jig show 1
expect 0 jig gc --keep-runs 1 --now
expect 2 jig show 1
expect 0 jig show last

# Numbers are not used again. While a run is under way what no run names stays: it may be about to name it.
expect 0 jig rm last
rm -f "$HOME/go"
cat >jig.yaml <<'E'
steps:
  waits:
    run: |
      echo out > o.txt
      while [ ! -e "$HOME/go" ]; do sleep 0.05; done
    outputs: [o.txt]
E
jig run -d >/dev/null
live() { jig show last --json | grep -q '"state": "running"'; }
await live
expect 2 jig rm last
has "$err" "jig stop"
expect 0 jig gc --now --json
has "$out" '"objects": 0'
hasnt "$out" '"kept_objects": 0'
expect 0 jig gc --now
has "$out" "under way"
touch "$HOME/go"
ended() { jig show last --json | grep -q '"ended": "'; }
await ended
expect 0 jig show last
has "$out" "run 5 "
has "$out" "success"
expect 0 jig gc
has "$out" "younger than an hour"
expect 0 jig gc --now
hasnt "$out" "stays"
expect 0 jig fsck --json
has "$out" '"garbage": 0'
finish
