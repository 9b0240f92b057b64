# What needs no project: versions, help, completion, wrong usage.
. "$TESTS/lib.sh"

expect 0 jig version
has "$out" "jig "
expect 0 jig --version
expect 0 jig --help
has "$out" "metrics"
hasnt "$out" "manual  "

expect 2 jig
has "$err" "jig help"
expect 2 jig lss
has "$err" 'did you mean "ls"'
expect 2 jig -x
expect 2 jig version more
has "$err" "too many arguments"
expect 2 jig show
has "$err" "too few arguments: jig show RUN [STEP] (RUN: a number, a name, or last)"
expect 2 jig ls --limt 3
has "$err" "did you mean --limit"
expect 2 jig ls -n
expect 2 jig ls -n many
has "$err" "whole number"
expect 2 jig ls -n -1
expect 2 jig ls --json=x
expect 2 jig ls -z
expect 2 jig gc --older-than soon
expect 2 jig run --memory much
expect 2 jig help nothing
expect 2 jig help sho
has "$err" 'did you mean "show"?'

# Of the manual's pages it says where they are.
for page in "$TESTS"/../../man/*.in; do
	page=$(basename "$page" .in)
	expect 2 jig help "${page%.*}"
	has "$err" "man ${page##*.} ${page%.*}"
done
expect 2 jig help reuse
has "$err" "man 5 jig-reuse"

# Every command has help, and asking for it does nothing else.
for command in $(jig help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	expect 0 jig "$command" --help
	has "$out" "jig $command"
	has "$out" "--help"
	expect 0 jig "$command" --no-such-option -h
done
[ ! -e .jig ] || fail "help made a .jig"

expect 2 jig completion csh
for shell in bash zsh fish; do
	expect 0 jig completion $shell
	has "$out" "metrics"
	if command -v $shell >/dev/null 2>&1; then
		jig completion $shell >script
		$shell -n script
	fi
done
cat >offer <<'E'
. ./script
COMP_WORDS=(jig ls --fi) COMP_CWORD=2
compopt() { :; }
_jig
echo "${COMPREPLY[*]}"
COMP_WORDS=(jig sh) COMP_CWORD=1
_jig
echo "${COMPREPLY[*]}"
E
if command -v bash >/dev/null 2>&1; then
	jig completion bash >script
	same "$(bash offer)" "--filter=
show"
fi

# No project: exit 2 and the way out, and nothing is made.
for command in ls "show 1" "dag" "logs 1" fsck verify gc "rm 1" run plan; do
	expect 2 jig $command
	has "$err" "jig init"
done
[ ! -e .jig ] || fail "a command without a project made a .jig"
