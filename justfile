# Recipes for working on Alongside; `just` alone lists them.

set positional-arguments

# List the recipes.
default:
    @just --list --unsorted

# A server with invented people on a throwaway database: sign-in details are printed.
dev:
    cargo run -p alongside-api -- demo

# All tests on the embedded database.
test:
    cargo test --workspace

# The same tests on a throwaway PostgreSQL, stopped and removed afterwards.
test-postgres:
    scripts/postgres run cargo test --workspace --tests

# Start a throwaway PostgreSQL and print the line to export (`scripts/postgres stop` removes it).
postgres:
    @scripts/postgres start

# Exactly what CI runs.
ci:
    bash .ci/run

# Format the Rust code.
fmt:
    cargo fmt --all

# The lints, as strict as in CI.
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Write openapi/openapi.json from the code.
openapi:
    cargo run -q -p alongside-api -- openapi > openapi/openapi.json.new
    mv openapi/openapi.json.new openapi/openapi.json

# Write openapi/problems/README.md from the table of codes.
problems:
    cargo run -q -p alongside-api -- problems > openapi/problems/README.md.new
    mv openapi/problems/README.md.new openapi/problems/README.md

# Write docs/policy.md from the policy table.
policy:
    cargo run -q -p alongside-api -- policy > docs/policy.md.new
    mv docs/policy.md.new docs/policy.md

# Measure: all figures, or what ARGS select.
bench *ARGS:
    scripts/bench "$@"

# The Rust documentation of every crate, private items included; a broken link is an error.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items
