# Steps in R: a library path of their own, with the lock in the key. Needs R itself, and no packages.
. "$TESTS/lib.sh"
needs Rscript
cat >renv.lock <<'L'
{ "R": { "Version": "4.2.2", "Repositories": [] }, "Packages": {} }
L
cat >jig.yaml <<'Y'
steps:
  fit: {run: Rscript fit.R, outputs: [fit.csv, libraries.txt]}
Y
cat >fit.R <<'R'
writeLines(.libPaths(), "libraries.txt")
write.csv(coef(summary(lm(mpg ~ wt, data = mtcars))), "fit.csv")
R
# A project's own start-up file must not bring another library in.
mkdir own
echo '.libPaths("own")' >.Renviron
expect 0 jig env
has "$out" "renv.lock     versions"
expect 0 jig run
expect 0 jig get last -o got
same "$(head -n 1 got/libraries.txt)" "$(jig env --json | sed -n 's/.*"folder": "\(.*\)".*/\1/p')/library"
hasnt "$(cat got/libraries.txt)" "site-library"
has "$(cat got/fit.csv)" "wt"
before=$(jig env --json | grep '"key"')
sed -i 's/4\.2\.2/4.2.3/' renv.lock
[ "$before" != "$(jig env --json | grep '"key"')" ] || fail "another lock has the same key"
expect 0 jig run
# What has packages needs renv, which builds it.
if ! Rscript -e 'library(renv)' >/dev/null 2>&1; then
	echo '{ "R": { "Version": "4.2.2" }, "Packages": { "cli": { "Package": "cli", "Version": "3.6.1", "Source": "Repository" } } }' >renv.lock
	expect 3 jig run
	has "$err" "R has no renv"
	has "$err" "install.packages"
fi
