#!/usr/bin/env bash
# Installs what the tests need beyond Go and Node: as root on Debian by apt-get,
# elsewhere it names what is missing and stops. Also builds the S3 server and
# the linter into .tools. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A packages=(
  [ffmpeg]=ffmpeg [ffprobe]=ffmpeg [chromium]=chromium [pg_config_dir]=postgresql [cjk]=fonts-noto-cjk [nginx]=nginx-light [pdftotext]=poppler-utils
)
missing=()
have() {
  case "$1" in
    pg_config_dir) compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null ;;
    cjk) compgen -G '/usr/share/fonts/*/noto/NotoSansCJK*' >/dev/null || fc-list :lang=zh 2>/dev/null | grep -q . ;;
    *) command -v "$1" >/dev/null ;;
  esac
}
for need in "${!packages[@]}"; do
  have "$need" || missing+=("${packages[$need]}")
done
if ((${#missing[@]})); then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
    echo "installing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # Chromium without windows, of which the tests take less of the processor, where Debian has it.
    ! apt-cache show chromium-headless-shell >/dev/null 2>&1 || missing+=(chromium-headless-shell)
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    echo "The tests need these programs; please install them: ${missing[*]}" >&2
    exit 1
  fi
fi

export GOBIN="$PWD/.tools"
versitygw=v1.8.0
golangci=v2.15.0
tool() { # tool NAME MODULE VERSION
  if [[ "$(cat "$GOBIN/$1.version" 2>/dev/null)" != "$3" || ! -x "$GOBIN/$1" ]]; then
    echo "building $1 $3 into .tools"
    mkdir -p "$GOBIN"
    (cd / && go install "$2@$3")
    echo "$3" >"$GOBIN/$1.version"
  fi
}
tool versitygw github.com/versity/versitygw/cmd/versitygw "$versitygw"
[[ "${1:-}" == --no-lint ]] || tool golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint "$golangci"
