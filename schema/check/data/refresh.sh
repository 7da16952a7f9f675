#!/bin/sh
# Writes shared-mail-domains.txt anew from the npm package free-email-domains.
# Run it through `go generate ./schema/check`, with a version to move to another
# one: sh data/refresh.sh 1.12.7
#
# Needs npm, tar and the usual text tools. The list is sorted by bytes, because
# it is searched as it is.
set -eu
version=${1:-1.12.6}
package=free-email-domains
folder=$(cd "$(dirname "$0")" && pwd)
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

cd "$temp"
npm pack --silent "$package@$version" >/dev/null
tar xzf "$package-$version.tgz"
published=$(npm view "$package@$version" time --json | sed -n "s/.*\"$version\": *\"\([0-9-]*\)T.*/\1/p")

tr -d '[]" \n' <package/domains.json | tr ',' '\n' | tr 'A-Z' 'a-z' | LC_ALL=C grep '^[a-z0-9]' | LC_ALL=C sort -u >domains
{
	echo "# Domains of shared mail providers, one a line, sorted by bytes."
	echo "# Source: npm package $package $version ($published), https://github.com/Kikobeats/free-email-domains"
	echo "# License: MIT, see LICENSE-$package.md. Written by refresh.sh; not to be edited."
	cat domains
} >"$folder/shared-mail-domains.txt"
cp package/LICENSE.md "$folder/LICENSE-$package.md"
chmod 644 "$folder/LICENSE-$package.md"
echo "$(wc -l <domains) domains of $package $version"
