#!/usr/bin/env bash
# Every shell script passes shellcheck.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scripts=()
while read -r file; do
  if [[ -f $file ]] && head -c 64 "$file" | head -n 1 | grep -aqE '^#!.*\b(ba)?sh$'; then scripts+=("$file"); fi
done < <(git ls-files --cached --others --exclude-standard)
echo "${#scripts[@]} scripts"
shellcheck -x "${scripts[@]}"
