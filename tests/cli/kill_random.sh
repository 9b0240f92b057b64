# Kill -9 of a run of 20 steps, or of a process of its tree, at 40 random moments, and a resume after each. tests/bench/kill_random.sh does more of them.
. "$TESTS/../lib/runs.sh"
needs flock
[ -d /proc/self ] || {
	echo "/proc is needed"
	exit 77
}
mkdir "$HOME/work"
python3 "$TESTS/../lib/kill_random.py" "$JIG" "$HOME/work" 40 1
