#!/usr/bin/env bash
# Builds the image of the Dockerfile beside it without a registry: the two base images are made of Debian packages and of the .NET that this
# machine has. For air-gapped machines and for tests. Needs root, buildah, mmdebstrap and the .NET SDK.
#
#   deploy/docker/build-offline.sh [TAG]          (default localhost/reposentry)
#
# STORAGE: folder for images, kept as plain files (default: buildah's own storage).  NUGET_PACKAGES: cache that the restore uses (default ~/.nuget/packages).
set -eu
tag=${1:-localhost/reposentry}
root=$(cd "$(dirname "$0")/../.." && pwd)
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
suite=${SUITE:-bookworm}
packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}
certificates=/etc/ssl/certs/ca-certificates.crt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export BUILDAH_ISOLATION=chroot
buildah=(buildah)
[ -z "${STORAGE:-}" ] || buildah+=(--storage-driver vfs --root "$STORAGE/root" --runroot "$STORAGE/run")

# rootfs NAME PACKAGES: files of Debian packages and what they need, unconfigured.
rootfs() {
    mmdebstrap --quiet --variant=extract --include="base-files,libc6,libgcc-s1,libssl3,libstdc++6,zlib1g${2:+,$2}" "$suite" "$work/$1" > "$work/$1.log" 2>&1 \
        || { cat "$work/$1.log" >&2; exit 1; }
    install -D -m 644 "$certificates" "$work/$1$certificates"
    rm -rf "$work/$1"/usr/share/{doc,man,locale,perl5,debconf,lintian} "$work/$1"/etc/apt "$work/$1"/var/{cache,lib/apt,lib/dpkg,log} "$work/$1"/usr/lib/*/gconv "$work/$1"/dev/*
    mkdir -m 1777 -p "$work/$1/tmp"
    echo "root:x:0:0:root:/root:/bin/sh" > "$work/$1/etc/passwd"
}

# image NAME [VARIABLE...]: an image of one layer from the folder of that name.
image() {
    local container variable
    container=$("${buildah[@]}" from scratch)
    "${buildah[@]}" add --quiet "$container" "$work/$1" / > /dev/null
    for variable in PATH="/usr/share/dotnet:/usr/sbin:/usr/bin:/sbin:/bin" "${@:2}"; do
        "${buildah[@]}" config --env "$variable" "$container"
    done
    "${buildah[@]}" commit --quiet --rm "$container" "localhost/reposentry-$1" > /dev/null
    rm -rf "${work:?}/$1"
}

# The runtime has no shell, as the default one has none.
rootfs runtime ""
rm -rf "$work"/runtime/{bin,sbin,usr/bin,usr/sbin}/*
mkdir -p "$work/runtime/usr/share/dotnet/shared"
cp -r "$dotnet/host" "$work/runtime/usr/share/dotnet/"
cp -r "$dotnet/shared/Microsoft.NETCore.App" "$dotnet/shared/Microsoft.AspNetCore.App" "$work/runtime/usr/share/dotnet/shared/"
image runtime DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

# The SDK is large: it is mounted into the build, not copied.
rootfs sdk dash,coreutils
mkdir -p "$work/sdk/usr/share/dotnet" "$work/sdk/root/.nuget"
image sdk DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 NUGET_PACKAGES=/root/.nuget/packages NUGET_CERT_REVOCATION_MODE=offline

mkdir -p "$packages"
"${buildah[@]}" bud --pull-never --format oci \
    --build-arg SDK_IMAGE=localhost/reposentry-sdk --build-arg RUNTIME_IMAGE=localhost/reposentry-runtime \
    --build-arg VERSION="${VERSION:-0.0.0}" --build-arg REVISION="${REVISION:-}" \
    --volume "$dotnet:/usr/share/dotnet:ro" --volume "$packages:/root/.nuget/packages" \
    --file "$root/deploy/docker/Dockerfile" --tag "$tag" "$root"
