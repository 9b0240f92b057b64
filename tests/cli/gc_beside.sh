# `jig rm` and `jig gc` beside a live run: what it reuses, and what it is about to reuse, stays or runs.
. "$TESTS/../lib/runs.sh"
needs_lookups

cat >jig.yaml <<'E'
steps:
  a: {run: "echo said a; echo a >a.txt", outputs: [a.txt]}
  b: {run: "sh b.sh", outputs: [b.txt]}
  c: {run: "echo said c; cat b.txt >c.txt", inputs: [b.txt], outputs: [c.txt]}
E
finishes() {
	echo 'echo same >b.txt' >b.sh
}
waits() {
	rm -f "$HOME/go" "$HOME/in"
	cat >b.sh <<-'E'
		touch "$HOME/in"
		until [ -e "$HOME/go" ]; do sleep 0.02; done
		echo same >b.txt
	E
}
# WORDS…: `jig run` with them, up to the step that waits.
begin() {
	"$JIG" run --isolation folder "$@" >"$HOME/said" 2>&1 &
	live=$!
	await test -e "$HOME/in"
}
end() {
	touch "$HOME/go"
	wait $live || fail "the run ended with $?
$(cat "$HOME/said")"
}

# The run has reused a step of run 1, and reuses another one after that was removed.
finishes
expect 0 jig run
waits
begin
expect 0 jig rm -y 1
expect 0 jig gc --keep-runs 0 --now
end
same "$(states 2)" "success a=reused b=success c=reused"
expect 0 jig logs 2 c
has "$out" "said c"
expect 0 jig get 2 c.txt
expect 0 jig show 2
finish

# It has reused nothing of run 3 when that is removed with its folder: the step runs.
finishes
expect 0 jig run --fresh
expect 0 jig rm -y 2
expect 0 jig gc --now
waits
begin --force a
expect 0 jig rm -y 3
expect 0 jig gc --now
[ ! -e .jig/runs/3 ] || fail "the folder of a removed run stays"
end
same "$(states 4)" "success a=success b=success c=success"
finish
