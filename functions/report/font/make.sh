#!/usr/bin/env bash
# Makes report.ttf, the font of the PDF, from Debian's fonts-droid-fallback (Chinese) and
# fonts-open-sans (Latin) with Debian's fonttools.
set -euo pipefail
cd "$(dirname "$0")"
at=$(mktemp -d)
trap 'rm -rf "$at"' EXIT
fonts=/usr/share/fonts/truetype
bare=(--no-hinting --layout-features= '--drop-tables+=GSUB,GPOS,GDEF,DSIG,kern,gasp,vhea,vmtx' '--name-IDs=0,1,2,4,5,6,7,13,14')

# All ideographs of Unicode 1.0 (GB 13000, so also every one of GB 2312), Chinese punctuation, circled digits and a few signs.
pyftsubset $fonts/droid/DroidSansFallbackFull.ttf "${bare[@]}" --output-file="$at/chinese.ttf" \
  --unicodes=U+2103,U+2116,U+2460-2473,U+25A0,U+25A1,U+25B2,U+25BC,U+25CB,U+25CF,U+3000-3017,U+4E00-9FA5,U+FF01-FF5E,U+FFE5
# Western European Latin.
pyftsubset $fonts/open-sans/OpenSans-Regular.ttf "${bare[@]}" --output-file="$at/latin.ttf" \
  --unicodes=U+0020-007E,U+00A0-017F,U+2010-2015,U+2018-201D,U+2026,U+2030
# One font has one grid: that of the Chinese one, 256 units.
/usr/bin/python3 - "$at" <<'PY'
import sys
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
chinese, latin = TTFont(sys.argv[1] + '/chinese.ttf'), TTFont(sys.argv[1] + '/latin.ttf')
scale_upem(latin, chinese['head'].unitsPerEm)
latin.save(sys.argv[1] + '/latin.ttf')
PY
pyftmerge --output-file=report.ttf "$at/latin.ttf" "$at/chinese.ttf"
gzip --force --no-name --best report.ttf
