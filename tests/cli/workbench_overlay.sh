# The runs that are marked in the list are laid over the charts of another; an attempt that stands for several is one curve.
. "$TESTS/../lib/runs.sh"
XDG_CONFIG_HOME=$HOME/config
export XDG_CONFIG_HOME
cat >jig.yaml <<'E'
params: {lr: 1}
steps:
  train:
    run: 'for i in 1 2 3 4; do jig log loss=$((${params.lr} * 100 / i)) --step $i; done'
E
expect 0 jig run -n one
expect 0 jig run -n three -p lr=3
expect 0 jig run -n again
cat >keys <<'E'
Down Space Down Space g Enter 2 Enter
:wait 3 again
:save-screen marked.txt
Esc Esc Esc
Down Enter 2 Enter
:wait 2 three
:save-screen one.txt
E
expect 0 jig --script keys --size 100x30
has "$(tr -s " " <marked.txt)" "3 again 25 25 100"
has "$(tr -s " " <marked.txt)" "2 three 75 75 300"
# Run 1 gave what run 3 reuses.
hasnt "$(cat marked.txt)" "1 one"
has "$(tr -s " " <one.txt)" "2 three 75 75 300"
has "$(tr -s " " <one.txt)" "1 one 25 25 100"
finish
