# What tests/platforms/run and tests/platforms/linux share, which read it: `say`, `skip`, `need FILE:PACKAGE…`, which installs those
# packages of Debian whose file is missing, and `zig FOLDER`. COGTOK_SYSTEM is the folder under which `need` looks for the files, /
# unless a test names another.

say() { printf '\n== %s (after %d min)\n' "$*" $((SECONDS / 60)); }

skip() {
    echo "platforms: skipped, since $*" >&2
    exit 77
}

need() {
    local missing=() pair package root=()
    for pair; do
        [[ -e ${COGTOK_SYSTEM-}${pair%%:*} ]] || missing+=("${pair##*:}")
    done
    # Debian splits venv from Python: the module is there, but cannot bring pip.
    /usr/bin/python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
    ((${#missing[@]})) || return 0
    say "installing: ${missing[*]}"
    [[ $(id -u) == 0 ]] || root=(sudo)
    command -v apt-get >/dev/null || skip "there is no apt-get for ${missing[*]}"
    ${root[@]+"${root[@]}"} apt-get update -q || skip "Debian's lists of packages are not available"
    for package in "${missing[@]}"; do
        apt-cache show "$package" >/dev/null 2>&1 || skip "the package $package is not available"
    done
    ${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" ||
        skip "these packages can't be installed: ${missing[*]}"
    for pair; do
        [[ -e ${COGTOK_SYSTEM-}${pair%%:*} ]] || skip "the package ${pair##*:} of this system has no ${pair%%:*}"
    done
}

# zig, the C compiler and linker for other systems, in the folder where packaging/cross builds.
zig() {
    sh tests/fixtures/venv.sh "$1" packaging/requirements-cross.txt cross-venv ||
        skip "PyPI's packages ziglang and cargo-zigbuild are not available"
}
