# Sourced, after packages.bash, by the scripts that need Python packages, most of them to drive a running server: builds the server,
# and makes the environment of the packages. Both are kept under cargo's target directory.

# No compiled Python beside the sources.
export PYTHONDONTWRITEBYTECODE=1

# Sets TARGET to cargo's target directory, as an absolute path.
find_target() {
    TARGET=$(realpath -m "${CARGO_TARGET_DIR:-target}")
}

# Sets BINARY to the server that is built from the sources as they are. Of the whole workspace, though nothing else is built: so its
# dependencies are the ones that the tests have built already.
build_server() {
    require_c_compiler
    require_rust
    find_target
    cargo build --quiet --workspace --bin shinsei || fail "the server could not be built (above)"
    BINARY=$TARGET/debug/shinsei
}

# make_python_environment NAME REQUIREMENTS: sets ENVIRONMENT to a virtual environment with the pinned packages. It is kept
# between runs and made anew when a pinned version changes.
make_python_environment() {
    local name=$1 requirements=$2 version
    find_target
    version=$(sha256sum "$requirements" | cut -c1-16)
    ENVIRONMENT=$TARGET/$name-$version
    [[ ! -f $ENVIRONMENT/complete ]] || return 0
    require_python_venv
    rm -rf "$ENVIRONMENT"
    "$PYTHON" -m venv "$ENVIRONMENT"
    "$ENVIRONMENT/bin/pip" install --quiet --disable-pip-version-check --no-input --requirement "$requirements" ||
        fail "the Python packages of ${requirements#"$PWD/"} could not be installed"
    touch "$ENVIRONMENT/complete"
}
