# jig init, and the pipeline that it makes runs.
. "$TESTS/lib.sh"

expect 0 jig init --print
[ ! -e jig.yaml ] || fail "--print wrote a file"
expect 0 jig init
has "$out" "jig run"
[ -s jig.yaml ] || fail "no jig.yaml"
expect 2 jig init
has "$err" "--force"
expect 0 jig init --force
expect 0 jig dag
expect 0 jig plan
expect 0 jig run
finish
