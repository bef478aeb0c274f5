#!/bin/sh
# Install the packages of the sections named: tools/install.sh run check all
# Debian's where Debian has them, npm's into build-npm/. What is there already costs one look: no network, no root.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
list=$root/tools/packages
node=$root/build-npm

usage() {
    echo "usage: tools/install.sh SECTION…   sections of tools/packages: $(sed -n 's/^\[\([a-z]*\)\]$/\1/p' "$list" | tr '\n' ' ')"
}

packages_of() {
    awk -v want="[$1]" '/^\[/ { on = $0 == want; next } on && NF && $1 !~ /^#/ { print $1 }' "$list"
}

case ${1:-} in
--help | -h) usage; exit 0 ;;
'') usage >&2; exit 2 ;;
esac

wanted= wanted_npm=
for section; do
    some=$(packages_of "$section")
    [ -n "$some" ] || { echo "install.sh: there is no section $section" >&2; usage >&2; exit 2; }
    wanted="$wanted $some"
    wanted_npm="$wanted_npm $(packages_of "$section npm")"
done

# Another's build of a package may stand for Debian's: a newer Node brings npm.
there=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n${db:Status-Status} ${Provides}\n' 2>/dev/null |
    sed -n 's/^installed //p' | sed 's/ ([^)]*)//g; s/, /\n/g')
missing=
for package in $wanted; do
    printf '%s\n' "$there" | grep -qx "$package" || missing="$missing $package"
done
missing_npm=
for package in $wanted_npm; do
    grep -qs "\"version\": *\"${package##*@}\"" "$node/node_modules/${package%@*}/package.json" || missing_npm="$missing_npm $package"
done

npm_packages() {
    [ -n "$missing_npm" ] || return 0
    echo "installing:$missing_npm" >&2
    # shellcheck disable=SC2086
    npm install --prefix "$node" --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error $missing_npm >&2
}

[ -n "$missing" ] || { npm_packages; exit 0; }

echo "installing:$missing" >&2
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "install.sh: as root, please: apt-get install$missing" >&2; exit 1; }
    as_root=sudo
fi

# Debian starts the services that it installs (nginx, postgresql); here they are only run by tests, each its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi

apt() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" >&2
}
# The lists may be old or missing: they are fetched only where the first try fails.
# shellcheck disable=SC2086
apt install --no-install-recommends $missing || { apt update && apt install --no-install-recommends $missing; }
npm_packages
