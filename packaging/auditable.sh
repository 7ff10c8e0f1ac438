# What packaging/auditable and packaging/cross share: cargo-auditable, and programs that don't depend on the folders where they are built.

# Sets `auditable` to the program of cargo-auditable, which is installed where it is missing.
install_auditable() {
    local version=0.7.7 root built tool
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
    built=$(mkdir -p "${CARGO_TARGET_DIR:-$root/target}" && cd "${CARGO_TARGET_DIR:-$root/target}" && pwd -P)
    tool=$built/tools/cargo-auditable-$version
    if [[ ! -x $tool/bin/cargo-auditable ]]; then
        # It does little, so that it is built in the quickest way.
        env -u CARGO_TARGET_DIR -u RUSTFLAGS cargo install --locked --quiet --debug --root "$tool" "cargo-auditable@$version" >&2
    fi
    auditable=$tool/bin/cargo-auditable
}

# rustc's options by which the program has one name for the folder of the sources, and one for that of the crates. cargo splits them at
# spaces: a folder with one in its name stays in the program.
named_folders() {
    local root cargo_home=${CARGO_HOME:-$HOME/.cargo}
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
    [[ $root == *[[:space:]]* ]] || printf '%s' "--remap-path-prefix=$root=/cogtok "
    [[ $cargo_home == *[[:space:]]* ]] || printf '%s' "--remap-path-prefix=$cargo_home=/cargo"
}

# Runs cargo with these words, by cargo-auditable.
run_auditable() {
    # Windows runs no script in cargo's place.
    case $(uname -s) in
        MINGW* | MSYS* | CYGWIN*) ;;
        *)
            export COGTOK_CARGO=${CARGO:-cargo} PATH=${auditable%/*}:$PATH
            CARGO=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/cargo
            export CARGO
            ;;
    esac
    exec "$auditable" auditable "$@"
}
