# What is typed behind ":": a command that is written wrong is told, and is no text to look for; words of a help are.
. "$TESTS/lib.sh"
XDG_CONFIG_HOME=$HOME/config
export XDG_CONFIG_HOME
echo 'steps: {first: {run: "true"}}' >jig.yaml
jig run >/dev/null
cat >keys <<'E'
g :
:type thme harb
Enter
:wait there is no command "thme" (did you mean "theme"?)
g :
:type nothing of that kind
Enter
:wait there is no command "nothing"
g :
:type theme harb
Enter
:wait there is no theme "harb"
g :
:type keys screen
Enter
:wait ─ help: 
Esc
g :
:type newrun
Enter
:wait a new run with
E
expect 0 jig --script keys --size 100x40
