# Sourced by the scripts beside it: makes sure that a tool is there, installs it from Debian's packages where that is
# allowed, and otherwise ends the run with a sentence that says what is missing and how to get it. Nothing is ever
# skipped for want of a tool: a test run that silently leaves something out says "green" and means "unknown".

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# A fresh machine has an empty package list; one update per run is enough, however many packages are asked for.
export PACKAGE_LIST_IS_FRESH=${PACKAGE_LIST_IS_FRESH:-no}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

may_install_packages() {
    command -v apt-get >/dev/null || return 1
    [[ $EUID -eq 0 ]] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# require_permission_to_install WHAT PACKAGE...: WHAT is said to the person who has to do it by hand.
require_permission_to_install() {
    may_install_packages ||
        fail "$1 is missing and this user may not install packages. As root: apt-get update && apt-get install ${*:2}"
}

install_packages() {
    require_permission_to_install "$@"
    local what=$1
    shift
    if [[ $PACKAGE_LIST_IS_FRESH == no ]]; then
        as_root apt-get update -q -o Acquire::Retries=3 >&2 || fail "apt-get update failed, so $what cannot be installed"
        PACKAGE_LIST_IS_FRESH=yes
    fi
    # Without a terminal a question about a changed configuration file would hang the run: the file that is there stays.
    as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
        apt-get install -q -y --no-install-recommends \
        -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold "$@" </dev/null >&2 ||
        fail "installing $what failed (packages: $*)"
}

require_c_compiler() {
    # SQLite and ring are C; libc6-dev carries the headers and crt1.o that a compiler alone does not bring.
    local probe
    probe=$(mktemp -d)
    if ! printf '#include <stdio.h>\nint main(void) { return 0; }\n' | cc -x c -o "$probe/probe" - 2>/dev/null; then
        install_packages "a C compiler" gcc libc6-dev
    fi
    rm -rf "$probe"
}

require_rust() {
    # rustup writes this directory into the profile of login shells only; a script may not have it.
    command -v cargo >/dev/null || PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    command -v cargo >/dev/null || fail "cargo is missing: install Rust first (https://rustup.rs)"
    local component
    for component in fmt clippy; do
        cargo "$component" --version >/dev/null 2>&1 && continue
        if command -v rustup >/dev/null; then rustup component add "${component/fmt/rustfmt}" >&2 || true; fi
        cargo "$component" --version >/dev/null 2>&1 ||
            fail "cargo $component is missing: rustup component add ${component/fmt/rustfmt}"
    done
}

# Sets PYTHON to an interpreter that can make virtual environments. Debian's python3 alone cannot: ensurepip is in the
# package python3-venv. A python3 of the developer's own that comes first on PATH is as good.
require_python_venv() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            PYTHON=$candidate
            return
        fi
    done
    install_packages "Python with venv" python3 python3-venv
    PYTHON=/usr/bin/python3
    "$PYTHON" -c 'import ensurepip, venv' || fail "python3-venv is installed, but $PYTHON cannot make environments"
}

# Sets CHROMIUM to a browser that the browser tests can drive: Debian's, as it is the one that anybody with Debian can have in
# the same version. Its Japanese letters come from a package of their own; without them every word is a row of boxes, whose
# sizes say nothing about the pages.
require_chromium() {
    local missing=()
    [[ -x /usr/bin/chromium ]] || missing+=(chromium)
    [[ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ]] || missing+=(fonts-noto-cjk)
    if [[ ${#missing[@]} -gt 0 ]]; then install_packages "Chromium with Japanese letters" "${missing[@]}"; fi
    CHROMIUM=/usr/bin/chromium
    [[ -x $CHROMIUM ]] || fail "the package chromium is installed, but there is no $CHROMIUM"
}

# The OpenID Connect provider of the tests runs on it.
require_node() {
    local missing=()
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    if [[ ${#missing[@]} -gt 0 ]]; then install_packages "Node.js with npm" "${missing[@]}"; fi
    node --eval 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' ||
        fail "node $(node --version) is too old: 18 or newer is needed"
}

# The programs that read what is printed as others do: poppler's and qpdf.
require_pdf_tools() {
    local tool missing=no
    for tool in pdftotext pdftoppm pdffonts pdfinfo qpdf; do
        command -v "$tool" >/dev/null || missing=yes
    done
    if [[ $missing == yes ]]; then install_packages "programs that read PDF" poppler-utils qpdf; fi
}

# What WeasyPrint, which is Python, loads to set text.
require_pango() {
    local library missing=no
    for library in libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0; do
        /sbin/ldconfig -p | grep -qF "$library " || missing=yes
    done
    if [[ $missing == yes ]]; then
        install_packages "Pango for WeasyPrint" libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
    fi
}

# Prints the directory of the newest server's programs, or nothing. Debian keeps them off PATH, one directory per major
# version; pg_config answers for a server built by hand (and for libpq-dev alone, hence the test for the server itself).
find_postgres_programs() {
    local directory
    while IFS= read -r directory; do
        if [[ -x $directory/postgres && -x $directory/initdb && -x $directory/pg_ctl ]]; then
            printf '%s\n' "$directory"
            return
        fi
    done < <(
        printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5,5nr
        if command -v pg_config >/dev/null; then pg_config --bindir; fi
    )
}

# Sets POSTGRES_PROGRAMS to the programs of a PostgreSQL 15 or newer.
require_postgres() {
    POSTGRES_PROGRAMS=$(find_postgres_programs)
    if [[ -z $POSTGRES_PROGRAMS ]]; then
        # The package creates and starts a cluster of its own unless told not to, which takes port 5432 and, in a
        # container without an init, fails the installation. Hence postgresql-common first, then its setting, then the server.
        require_permission_to_install "PostgreSQL 15 or newer" postgresql
        install_packages "PostgreSQL 15 or newer" postgresql-common
        as_root sed -i -E 's/^#?[[:space:]]*create_main_cluster[[:space:]]*=.*/create_main_cluster = false/' \
            /etc/postgresql-common/createcluster.conf
        grep -q '^create_main_cluster = false$' /etc/postgresql-common/createcluster.conf ||
            as_root sh -c 'echo "create_main_cluster = false" >> /etc/postgresql-common/createcluster.conf'
        install_packages "PostgreSQL 15 or newer" postgresql
        POSTGRES_PROGRAMS=$(find_postgres_programs)
        [[ -n $POSTGRES_PROGRAMS ]] || fail "the package postgresql is installed, but no server was found under /usr/lib/postgresql"
    fi
    local version
    version=$("$POSTGRES_PROGRAMS/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
    [[ $version -ge 15 ]] || fail "PostgreSQL $version in $POSTGRES_PROGRAMS is too old: 15 or newer is needed"
}
