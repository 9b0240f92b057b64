# A step that an earlier attempt could stand in for keeps its place in the order: what it needs comes first, and may keep it from standing in.
. "$TESTS/../lib/runs.sh"

# LINE: the plan has it, spaces aside.
plans() {
	has "$(jig plan | tr -s ' ')" "$1"
}

# ---- a gate that closes

cat >jig.yaml <<'Y'
steps:
  check: {run: "sh check.sh"}
  build: {needs: [check], run: "cat src >model", outputs: [model]}
  publish: {inputs: [model], run: 'sh publish.sh'}
  report: {inputs: [model], run: 'if [ -e model ]; then echo a model; else echo no model; fi >>"$HOME/report"', trigger: all_done}
Y
echo true >check.sh
echo 1 >src
echo 'echo published >>"$HOME/published"' >publish.sh
expect 0 jig run
echo false >check.sh
echo 'cat model >>"$HOME/published"' >publish.sh
plans "▶ check run check.sh changed (+1 −1)"
plans "⟲ build reuse same as build@1 of run 1"
plans "? report unknown hangs on what build gives"
expect 1 jig run
same "$(states last)" "failed check=failed build=upstream_failed publish=upstream_failed report=success"
same "$(cat "$HOME/published")" published
same "$(cat "$HOME/report" | tr '\n' ' ')" "a model no model "

# Open again: only what changed runs.
echo ': again' >check.sh
plans "⟲ build reuse same as build@1 of run 1"
expect 0 jig run
same "$(states last)" "success check=success build=reused publish=success report=reused"
same "$(cat "$HOME/published" | tr '\n' ' ')" "published 1 "
expect 0 jig run
same "$(states last)" "success check=reused build=reused publish=reused report=reused"

# Tried again while the run lives: it stands in after all.
cat >jig.yaml <<'Y'
steps:
  check: {run: '[ -e "$HOME/good" ]; : twice'}
  build: {needs: [check], run: "cat src >model", outputs: [model]}
  use: {inputs: [model], run: 'cp model "$HOME/used"'}
  long: {run: 'until [ -e "$HOME/long.go" ]; do sleep 0.02; done'}
Y
expect 0 jig run -d -j 3
is() {
	[ "$(states last)" = "$1" ]
}
await is "running check=failed build=upstream_failed use=upstream_failed long=running"
touch "$HOME/good"
expect 0 jig retry last check
await is "running check=success build=reused use=success long=running"
touch "$HOME/long.go"
await ended last
same "$(cat "$HOME/used")" 1

# ---- what a step before it may do to what lies outside; where only files are watched, nobody sees what was read there

if [ "$(ask last 's["use"]["witness"]')" != lookups ]; then
	finish
	exit 0
fi

echo 1 >"$HOME/table"
cat >jig.yaml <<'Y'
steps:
  write: {run: 'sh write.sh'}
  read: {needs: [write], run: 'cat "$HOME/table" >copy', outputs: [copy]}
  last: {needs: [read], run: 'cat src >other', outputs: [other]}
Y
echo : >write.sh
expect 0 jig run
touch -d '2020-01-01' "$HOME/table"
expect 0 jig run
expect 0 jig run
same "$(states last)" "success write=reused read=reused last=reused"
echo 'echo 22 >"$HOME/table"' >write.sh
plans "? read unknown write may change $HOME/table"
plans "⟲ last reuse"
expect 0 jig run
same "$(states last)" "success write=success read=success last=reused"
expect 0 jig get last -o got
same "$(cat got/copy)" 22
# It did not.
touch -d '2020-01-01' "$HOME/table"
expect 0 jig run
echo ': nothing' >write.sh
plans "? read unknown write may change $HOME/table"
expect 0 jig run
same "$(states last)" "success write=success read=reused last=reused"
finish
