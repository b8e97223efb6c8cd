set -u
PATH=/usr/bin:/bin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL

# A folder that stands for /, to try this script with; none in use.
root=${1:-}
root=${root%/}
# Set it where the profile sets PostureStatusPath.
status_path=''

# owner PATH: the number of the user it belongs to
owner() {
  # shellcheck disable=SC2012 # stat is spelled differently on each system, and only the third field is read
  ls -nd "$1" 2>/dev/null | awk '{ print $3 }'
}

# home_of UID
home_of() {
  if [ -z "$root" ] && [ "$1" = "$(id -u)" ]; then
    printf '%s\n' "${HOME:-}"
    return
  fi
  for home in "$root$homes"/*; do
    if [ -d "$home" ] && [ ! -L "$home" ] && [ "$(owner "$home")" = "$1" ]; then
      printf '%s\n' "$home"
      return
    fi
  done
}

# file_of UID: where the agent of this user writes; nothing where that is not known
file_of() {
  if [ -n "$status_path" ]; then
    printf '%s\n' "$root$status_path"
  elif [ -d "$root$shared/$1" ] && [ ! -L "$root$shared/$1" ] && [ "$(owner "$root$shared/$1")" = "$1" ]; then
    printf '%s\n' "$root$shared/$1/status.json"
  else
    home=$(home_of "$1")
    [ -z "$home" ] || printf '%s\n' "$home/$own/status.json"
  fi
}

# users: whose posture counts. As root: who is logged in, or, where nobody is, everybody who has a status file.
users() {
  if [ "$(id -u)" != 0 ]; then
    id -u
    return
  fi
  present=$(logged_in)
  if [ -n "$present" ]; then
    printf '%s\n' "$present"
    return
  fi
  for file in "$root$shared"/*/status.json "$root$homes"/*/"$own"/status.json; do
    if [ -e "$file" ] || [ -L "$file" ]; then owner "${file%/status.json}"; fi
  done | sort -u
}

# judge UID: "verdict age version direct-servers" of one user. It takes only a regular file of this user that nobody else can write, and no more of it
# than @LIMIT@ bytes (what takes its place after the look is not followed and not waited for, where dd can). It reads it line by line as the agent writes it:
# two spaces a level, one member a line. What is written in another way, or lacks a member, is damaged.
judge() {
  unknown='@UNKNOWN_AGE@ 0.0.0 -1'
  file=$(file_of "$1")
  if [ -z "$file" ] || { [ ! -e "$file" ] && [ ! -L "$file" ]; }; then
    printf 'absent %s\n' "$unknown"
    return
  fi
  if [ -z "$(find "$file" -prune -type f -user "$1" ! -perm -020 ! -perm -002 -size -@BLOCKS@ 2>/dev/null)" ]; then
    printf 'error %s\n' "$unknown"
    return
  fi
  dd if="$file" bs=@LIMIT@ count=1 ${careful:+"${careful}"} 2>/dev/null | awk -v now="$(date -u +%Y%m%d%H%M%S)" '
    function text(name) {
      if (seen[name] !~ /^"[^"\\]*"$/) bad = 1
      return substr(seen[name], 2, length(seen[name]) - 2)
    }
    # 14 digits of a time such as 2026-11-22T12:00:00.000Z
    function time(name,  raw, shape) {
      raw = text(name)
      shape = raw
      gsub(/[0-9]/, "9", shape)
      if (shape != "9999-99-99T99:99:99.999Z" || !isDay(raw) || substr(raw, 12, 2) > 23 || substr(raw, 15, 2) > 59 || substr(raw, 18, 2) > 59) bad = 1
      raw = substr(raw, 1, 19)
      gsub(/[^0-9]/, "", raw)
      return raw
    }
    function isDay(raw,  y, m, d) {
      y = substr(raw, 1, 4) + 0
      m = substr(raw, 6, 2) + 0
      d = substr(raw, 9, 2) + 0
      if (m == 2) return d >= 1 && d <= (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 29 : 28)
      return m >= 1 && m <= 12 && d >= 1 && d <= (m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31)
    }
    function isPlain(value) {
      if (value ~ /^(true|false|null|\{\}|\[\])$/) return 1
      if (value ~ /^(0|-?[1-9][0-9]*)$/ || value ~ /^-?(0|[1-9][0-9]*)\.[0-9]*[1-9]$/) return length(value) <= 16
      return value ~ /^"([^"\\\001-\037]|\\["\\bfnrt]|\\u00[01][0-9a-f]|\\ud[89a-f][0-9a-f][0-9a-f])*"$/
    }
    # Remembers what stands in the object at the top, as name, and in those below it, as name.name.
    function note(name, value,  path) {
      path = depth == 1 ? name : names[1] "." name
      names[depth] = name
      if (depth > 2) return
      if (path in seen) bad = 1
      seen[path] = value
    }
    # minutes since March 1 of the year 0, of 14 digits
    function minutes(at,  y, m) {
      y = substr(at, 1, 4) + 0
      m = substr(at, 5, 2) + 0
      if (m < 3) { y -= 1; m += 12 }
      return ((365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + substr(at, 7, 2) - 1) * 24 \
        + substr(at, 9, 2)) * 60 + substr(at, 11, 2)
    }
    NR == 1 {
      if ($0 != "{") bad = 1
      depth = 1
      kinds[1] = "{"
      isFirst = 1
      next
    }
    {
      rest = $0
      sub(/^ */, "", rest)
      indent = length($0) - length(rest)
      hasMore = sub(/,$/, "", rest)
      if (depth == 0) bad = 1
      if (bad) next
      if (rest == "}" || rest == "]") {
        if (isFirst || isMore || indent != 2 * (depth - 1) || (rest == "}") != (kinds[depth] == "{")) bad = 1
        depth -= 1
        isMore = hasMore
        next
      }
      if ((!isFirst && !isMore) || indent != 2 * depth) bad = 1
      if (kinds[depth] == "{") {
        if (!match(rest, /^"[^"\\\001-\037]*": /)) bad = 1
        name = substr(rest, 2, RLENGTH - 4)
        rest = substr(rest, RLENGTH + 1)
        if (kinds[2] == "{" || depth == 1) note(name, rest)
      }
      isFirst = rest == "{" || rest == "["
      isMore = hasMore
      if (isFirst) {
        if (hasMore) bad = 1
        depth += 1
        kinds[depth] = rest
      } else if (!isPlain(rest)) bad = 1
    }
    END {
      if (NR == 0 || depth != 0 || isMore || text("@SCHEMA@") != "@SCHEMA_VERSION@" || text("@PRODUCT@") != "drawbridge") bad = 1
      count = split("@MEMBERS@", members, " ")
      for (at = 1; at <= count; at++) {
        split(members[at], member, ":")
        value = seen[member[1]]
        kind = value ~ /^"/ ? "string" : value ~ /^[-0-9]/ ? "number" : value ~ /^[tf]/ ? "boolean" : value ~ /^\{/ ? "object" : value ~ /^\[/ ? "array" : ""
        if (kind != member[2]) bad = 1
      }
      state = text("@STATUS@")
      written = time("@WRITTEN@")
      expires = time("@EXPIRES@")
      if (state !~ /^(@STATES@)$/) bad = 1
      version = text("@VERSION@")
      if (match(version, /^[0-9]+(\.[0-9]+)*/)) version = substr(version, 1, RLENGTH)
      else version = "0.0.0"
      direct = seen["counts.@DIRECT@"]
      compliant = seen["@COMPLIANT@"]
      if (direct !~ /^[0-9]+$/) bad = 1
      if (bad) { print "error @UNKNOWN_AGE@ 0.0.0 -1"; exit }
      age = minutes(now) - minutes(written)
      if (substr(now, 13) + 0 < substr(written, 13) + 0) age -= 1
      verdict = compliant == "true" ? "compliant" : "noncompliant"
      if (state == "stopped" || state == "unknown" || now + 0 >= expires + 0 || age < -@CLOCKS@) verdict = "stale"
      print verdict, (age < 0 ? 0 : age), version, direct
    }'
}

# worst: the line of the user with the worst verdict
worst() {
  chosen=''
  highest=-1
  for uid in $(users); do
    line=$(judge "$uid")
    case $line in
      noncompliant*) rank=4 ;;
      error*) rank=3 ;;
      stale*) rank=2 ;;
      absent*) rank=1 ;;
      compliant*) rank=0 ;;
      *) rank=3 line='error @UNKNOWN_AGE@ 0.0.0 -1' ;;
    esac
    if [ "$rank" -gt "$highest" ]; then
      chosen=$line
      highest=$rank
    fi
  done
  printf '%s\n' "${chosen:-absent @UNKNOWN_AGE@ 0.0.0 -1}"
}
