#!/bin/sh
# Installs RepoSentry as a systemd service, or brings an installed one up to date. Running it again changes nothing that is right already.
#
#   deploy/systemd/install.sh [--from FOLDER]      FOLDER: a published build (default: artifacts/publish, made by dotnet if it is missing)
#   deploy/systemd/install.sh --uninstall [--purge]  configuration and state stay, unless --purge
#
# DESTDIR: root to install below, for packages and tests; systemd is then left alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${DESTDIR:-}
program=$root/opt/reposentry
unit=$root/etc/systemd/system/reposentry.service
config=$root/etc/reposentry
from= action=install purge=no

while [ $# -gt 0 ]; do
    case $1 in
        --from) [ $# -ge 2 ] || { echo "--from needs a folder" >&2; exit 2; }; from=$2; shift ;;
        --uninstall) action=uninstall ;;
        --purge) purge=yes ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "unknown argument $1: see --help" >&2; exit 2 ;;
    esac
    shift
done
[ "$purge" = no ] || [ "$action" = uninstall ] || { echo "--purge goes with --uninstall" >&2; exit 2; }
[ -n "$root" ] || [ "$(id -u)" = 0 ] || { echo "installing needs root: sudo $0" >&2; exit 4; }

system() { [ -n "$root" ] || systemctl "$@"; }

if [ "$action" = uninstall ]; then
    system disable --now reposentry.service 2>/dev/null || true
    rm -f "$unit"
    rm -rf "$program"
    system daemon-reload
    [ "$purge" = no ] || rm -rf "$config" "$root/var/lib/reposentry" "$root/var/lib/private/reposentry"
    echo "uninstalled$([ "$purge" = yes ] || echo "; $config and the state in /var/lib/reposentry are kept (--purge removes them)")"
    exit 0
fi

if [ -z "$from" ]; then
    from=$here/../../artifacts/publish
    [ -x "$from/reposentry" ] || dotnet publish "$here/../../src/RepoSentry" -c Release --self-contained false -o "$from"
fi
[ -x "$from/reposentry" ] || { echo "$from holds no reposentry: publish it there, or name another folder by --from" >&2; exit 3; }

# The new program is complete before it takes the old one's place.
mkdir -p "$root/opt" "$(dirname "$unit")" "$config"
rm -rf "$program.new"
cp -R "$from" "$program.new"
chmod -R u=rwX,go=rX "$program.new"
rm -rf "$program.old"
[ ! -e "$program" ] || mv "$program" "$program.old"
mv "$program.new" "$program"
rm -rf "$program.old"
install -m 644 "$here/reposentry.service" "$unit"
chmod 755 "$config"
if [ ! -e "$config/reposentry.yaml" ]; then
    cat > "$config/reposentry.yaml" <<'YAML'
# reposentry.yaml: see docs/en/configuration.md
api: { listen: "127.0.0.1:8080" }
repositories: []
YAML
    chmod 644 "$config/reposentry.yaml"
fi

system daemon-reload
if [ -z "$root" ] && systemctl is-active --quiet reposentry.service; then
    system restart reposentry.service
else
    system enable --now reposentry.service
fi
echo "installed: $program, $unit; the configuration is $config/reposentry.yaml"
