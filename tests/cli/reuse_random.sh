# Random pipelines, random changes: what is reused is what a run from nothing gives, and nothing runs needlessly. reuse_random.py says how a case is repeated.
. "$TESTS/../lib/runs.sh"
needs_lookups
export PYTHONDONTWRITEBYTECODE=1
python3 "$TESTS/reuse_random.py"
