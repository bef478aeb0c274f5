#!/bin/sh
# Install the Debian packages of the sections named: tools/install.sh run check all
# What is there already costs one look at the package database: no network, no root.
set -eu

list=$(dirname "$0")/packages

usage() {
    echo "usage: tools/install.sh SECTION…   sections of tools/packages: $(sed -n 's/^\[\(.*\)\]$/\1/p' "$list" | tr '\n' ' ')"
}

packages_of() {
    awk -v want="[$1]" '/^\[/ { on = $0 == want; next } on && NF && $1 !~ /^#/ { print $1 }' "$list"
}

case ${1:-} in
--help | -h) usage; exit 0 ;;
'') usage >&2; exit 2 ;;
esac

wanted=
for section; do
    some=$(packages_of "$section")
    [ -n "$some" ] || { echo "install.sh: there is no section $section" >&2; usage >&2; exit 2; }
    wanted="$wanted $some"
done

there=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')
missing=
for package in $wanted; do
    printf '%s\n' "$there" | grep -qx "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

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
