# Many runs and commands at once in one project. JIG_LONG=1: 200 runs of 20 steps, 32 at once.
. "$TESTS/../lib/runs.sh"
XDG_CONFIG_HOME=$HOME/config
export XDG_CONFIG_HOME
many="16 8 6"
[ -z "${JIG_LONG:-}" ] || many="200 32 20"
# shellcheck disable=SC2086
python3 "$TESTS/crowd.py" "$JIG" $many
finish
no_tmpdirs
