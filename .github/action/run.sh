#!/usr/bin/env bash
# Runs one plimsoll command in a workflow, writes its reports, annotations, step
# summary and outputs, and ends with the command's exit code. Everything comes in
# by environment variables (see action.yml), so that nothing of a pull request is
# ever read as a command.
set -uo pipefail

reports=${PLIMSOLL_REPORTS:-plimsoll-reports}
result=$reports/plimsoll.json

# output NAME VALUE: something that later steps may ask for.
output() {
  if [ -n "${GITHUB_OUTPUT:-}" ]; then printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; fi
}

# escape TEXT: as the message of a workflow command.
escape() {
  local text=$1
  text=${text//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '%s' "${text//$'\n'/%0A}"
}

# fail CODE TEXT: there is no result.
fail() {
  printf '::error title=plimsoll::%s\n' "$(escape "$2")"
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    { printf '### plimsoll: no result\n\n'; printf '%s\n' "$2" | sed 's/^/    /'; } >>"$GITHUB_STEP_SUMMARY"
  fi
  output verdict error
  output exit-code "$1"
  output cases 0
  output reports "$reports"
  exit "$1"
}

mkdir -p "$reports" || fail 2 "cannot make the folder $reports"

plimsoll=${PLIMSOLL_BINARY:-}
if [ -z "$plimsoll" ]; then
  plimsoll=${RUNNER_TEMP:-$(mktemp -d)}/plimsoll
  case "${RUNNER_OS:-}" in Windows) plimsoll=$plimsoll.exe ;; esac
  CGO_ENABLED=0 go build -C "$PLIMSOLL_SOURCE" -o "$plimsoll" ./cmd/plimsoll || fail 3 "plimsoll could not be built"
fi

# Words of the arguments: xargs knows quotes, and expands and runs nothing.
words=$(mktemp)
printf '%s' "${PLIMSOLL_ARGS:-}" | tr '\r\n' '  ' | xargs -n 1 printf '%s\n' >"$words" 2>/dev/null ||
  fail 2 "the arguments have a quote that is not closed: ${PLIMSOLL_ARGS:-}"
args=()
while IFS= read -r word; do
  if [ -n "$word" ]; then args+=("$word"); fi
done <"$words"
if [ -n "${PLIMSOLL_FAIL_ON:-}" ]; then args+=(--fail-on "$PLIMSOLL_FAIL_ON"); fi

command=${PLIMSOLL_COMMAND:-plan}
form=json
if [ "$command" = sweep ]; then form=jsonl; fi
rm -f "$result"
"$plimsoll" "$command" ${args[@]+"${args[@]}"} --output "$form" >"$result" 2>"$words"
code=$?
if ! [ -s "$result" ]; then
  # Asked without JSON it says in plain words what is wrong.
  message=$("$plimsoll" "$command" ${args[@]+"${args[@]}"} 2>&1 >/dev/null)
  if [ "$code" -lt 2 ]; then code=3; fi
  fail "$code" "${message:-plimsoll $command gave no result}"
fi
cat "$words" >&2

# make FORM FILE: one report of the result.
make() {
  "$plimsoll" report --from "$result" --output "$1" ${PLIMSOLL_FAIL_ON:+--fail-on "$PLIMSOLL_FAIL_ON"} ${PLIMSOLL_TAG:+--tag "$PLIMSOLL_TAG"} --out-file "$reports/$2" || [ -s "$reports/$2" ]
}
for report in junit:junit.xml sarif:plimsoll.sarif html:plimsoll.html markdown:plimsoll.md prometheus:plimsoll.prom; do
  make "${report%%:*}" "${report#*:}" || fail 3 "the report ${report#*:} could not be written to $reports"
done
# Annotations are read from standard output; the summary and outputs go to the
# files that GitHub names.
"$plimsoll" report --from "$result" --output github ${PLIMSOLL_FAIL_ON:+--fail-on "$PLIMSOLL_FAIL_ON"} ${PLIMSOLL_TAG:+--tag "$PLIMSOLL_TAG"}
if [ "$?" -gt 2 ]; then fail 3 "the annotations could not be written"; fi

comment=$reports/plimsoll.md
if [ -n "${PLIMSOLL_BASELINE:-}" ]; then
  compare() {
    "$plimsoll" diff "$PLIMSOLL_BASELINE" "$result" --fail-on "${PLIMSOLL_BASELINE_FAIL_ON:-never}" --output "$1" --out-file "$reports/$2"
  }
  compare json diff.json
  changed=$?
  if [ "$changed" -gt 1 ]; then fail "$changed" "the result could not be compared with $PLIMSOLL_BASELINE"; fi
  if [ "$changed" -gt "$code" ]; then code=$changed; fi
  compare markdown diff.md
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$reports/diff.md" >>"$GITHUB_STEP_SUMMARY"; fi
  # What changed comes below the result, where one comment has room for both.
  both=$(mktemp)
  { cat "$comment"; printf '\n'; sed 1d "$reports/diff.md"; } >"$both"
  if [ "$(wc -c <"$both")" -lt 65000 ]; then comment=$both; fi
fi

# say FILE: write the comment, or update the one that has the same tag.
say() {
  local mark id
  IFS= read -r mark <"$1"
  id=$(PLIMSOLL_MARK=$mark gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$PLIMSOLL_PULL_REQUEST/comments" \
    --jq '.[] | select(.body | startswith(env.PLIMSOLL_MARK)) | .id') || return 1
  id=${id%%$'\n'*}
  if [ -n "$id" ]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$1"
  else
    gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$PLIMSOLL_PULL_REQUEST/comments" --field "body=@$1"
  fi
}
if [ "${PLIMSOLL_COMMENT:-false}" = true ] && [ -n "${PLIMSOLL_PULL_REQUEST:-}" ]; then
  # Pull requests from forks have no token that may write: that is no failure.
  say "$comment" || printf '::warning title=plimsoll::%s\n' "the comment could not be written: does the token have the permission pull-requests: write?"
fi

output exit-code "$code"
output reports "$reports"
exit "$code"
