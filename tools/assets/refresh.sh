#!/usr/bin/env bash
# Refreshes the vendored files: the packages and versions below, from the npm
# registry that this machine's client is set up for. Only what pages need is kept,
# compressed. Run it from the repository's root; then `go test ./kernel/web/assets`
# prints the digests that belong into manifest.txt.
set -euo pipefail
here=kernel/web/assets/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# take PACKAGE VERSION FOLDER FILE: packs one file of a package.
take() {
  (cd "$work" && rm -rf package && npm pack --silent "$1@$2" >/dev/null && tar xzf ./*.tgz && rm ./*.tgz)
  mkdir -p "$3"
  if [ "${5:-}" = plain ]; then cp "$work/package/$4" "$3/"; else gzip -9nc "$work/package/$4" >"$3/$(basename "$4").gz"; fi
  for text in LICENSE LICENSE.md NOTICE; do
    if [ -f "$work/package/$text" ]; then cp "$work/package/$text" "$3/"; fi
  done
}

take @tabler/core 1.6.1 "$here/tabler-core@1.6.1" dist/css/tabler.min.css
take echarts 6.1.0 "$here/echarts@6.1.0" dist/echarts.min.js
take axe-core 4.14.1 e2e/testdata/axe-core@4.14.1 axe.min.js plain
