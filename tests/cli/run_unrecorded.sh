# A record that takes no more while a run lives, and a run that cannot go on: what is said of its steps is what the record has of them.
. "$TESTS/../lib/runs.sh"
needs_linux "limit that is set for a running process"

cat >jig.yaml <<'Y'
steps:
  first: {run: 'echo 1 >f.txt', outputs: [f.txt]}
  again: {needs: first, run: 'exit 3', retry: {limit: 1, delay: 1h, max_delay: 1h}}
  second:
    needs: first
    run: 'echo $$ >"$HOME/new"; mv "$HOME/new" "$HOME/second.pid"; until [ -e "$HOME/go" ]; do sleep 0.02; done'
  third: {needs: second, run: "true"}
  stops: {needs: second, run: "sleep 600"}
  far: {needs: [third, stops], run: "true"}
Y

# From now on every write of the supervisor to a file fails.
refuse_writes() {
	await test -s "$HOME/second.pid"
	await is "running first=success again=retrying second=running third=pending stops=pending far=pending"
	spawner=$(ps -o ppid= -p "$(cat "$HOME/second.pid")" | tr -d ' ')
	python3 -c 'import resource, sys; resource.prlimit(int(sys.argv[1]), resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))' \
		"$(ps -o ppid= -p "$spawner" | tr -d ' ')"
}
is() {
	[ "$(states last)" = "$1" ]
}

# FILE: what it says of steps, in the order in which it was said; no step is said to have ended as the record does not have it.
said_of_steps() {
	jig show --json last >"$HOME/show.json"
	python3 - "$1" "$HOME/show.json" <<'P'
import json, re, sys
words = {"✓": "success", "✗": "failed", "⊘": "upstream_failed", "↷": "skipped", "⟲": "reused", "■": "stopped", "◌": "lost", "↻": "retrying"}
text = re.sub("\033\\[[0-9;?]*[A-Za-z]", "", open(sys.argv[1], encoding="utf-8").read())
state = {s["step"]: s["state"] for s in json.load(open(sys.argv[2]))["steps"]}
said = [(words.get(g), name) for g, name in re.findall(r"^\r? *(\S) (first|again|second|third|stops|far)\b", text, re.M)]
wrong = [(name, word, state[name]) for word, name in said if word not in (None, "retrying", state[name])]
assert not wrong, f"said, and in the record: {wrong}\n{text}"
print(" ".join(f"{name}={word}" for word, name in dict.fromkeys(said) if word))
P
}

# ---- plain lines

mkfifo "$HOME/pipe"
cat "$HOME/pipe" >"$HOME/said" &
reader=$!
"$JIG" run --isolation folder -j 4 >"$HOME/pipe" 2>&1 &
sup=$!
refuse_writes
touch "$HOME/go"
status=0
wait $sup || status=$?
wait $reader
same "$status" 3
same "$(states last)" "lost first=success again=lost second=lost third=lost stops=lost far=lost"
said=$(said_of_steps "$HOME/said")
has "$said" "first=success again=retrying again=lost second=lost"
hasnt "$said" "far="
said=$(cat "$HOME/said")
has "$said" "jig could not record how it ended"
hasnt "$said" "asked to stop"
has "$said" "lost after 0:0"
has "$said" "1 ran, "
has "$said" "jig resume 1"
has "$said" "run 1 could not be recorded to its end: "
all_gone "$HOME/second.pid"
no_tmpdirs
rm "$HOME/go" "$HOME/second.pid"

# ---- the live view

NO_COLOR=1 on_terminal jig run --isolation folder -j 4 --fresh >"$HOME/said" &
sup=$!
refuse_writes
touch "$HOME/go"
status=0
wait $sup || status=$?
same "$status" 3
same "$(states last)" "lost first=success again=lost second=lost third=lost stops=lost far=lost"
said=$(said_of_steps "$HOME/said")
has "$said" "first=success"
has "$said" "second=lost"
has "$(cat "$HOME/said")" "jig could not record how it ended"
hasnt "$(cat "$HOME/said")" "asked to stop"
rm "$HOME/go" "$HOME/second.pid"

# ---- the process that starts steps is killed

"$JIG" run --isolation folder -j 4 --fresh >"$HOME/said" 2>&1 &
sup=$!
await test -s "$HOME/second.pid"
await is "running first=success again=retrying second=running third=pending stops=pending far=pending"
kill -9 "$(ps -o ppid= -p "$(cat "$HOME/second.pid")" | tr -d ' ')"
status=0
wait $sup || status=$?
same "$status" 3
same "$(states last)" "lost first=success again=lost second=lost third=lost stops=lost far=lost"
same "$(said_of_steps "$HOME/said")" "first=success again=retrying again=lost second=lost"
has "$(tail -n 1 "$HOME/said")" "run 3 is lost: "
has "$(tail -n 1 "$HOME/said")" "\`jig resume 3\` goes on"
finish
