// Takes the place of the real module in binaries that are released: see deploy/slim.sh.
module github.com/expr-lang/expr

go 1.26
