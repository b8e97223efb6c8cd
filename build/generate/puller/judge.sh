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
# than @LIMIT@ bytes (what takes its place after the look is not followed and not waited for, where dd can), and reads the lines of the top level as the agent writes them: two spaces, one member a line.
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
      if (shape != "9999-99-99T99:99:99.999Z") bad = 1
      raw = substr(raw, 1, 19)
      gsub(/[^0-9]/, "", raw)
      return raw
    }
    # minutes since March 1 of the year 0, of 14 digits
    function minutes(at,  y, m) {
      y = substr(at, 1, 4) + 0
      m = substr(at, 5, 2) + 0
      if (m < 3) { y -= 1; m += 12 }
      return ((365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + substr(at, 7, 2) - 1) * 24 \
        + substr(at, 9, 2)) * 60 + substr(at, 11, 2)
    }
    NR == 1 && $0 != "{" { bad = 1 }
    { last = $0 }
    /^  "[a-z_]+": / || /^    "@DIRECT@": / {
      name = $0
      sub(/^ *"/, "", name)
      sub(/".*/, "", name)
      if (name in seen) bad = 1
      value = $0
      sub(/^ *"[a-z_]+": /, "", value)
      sub(/,$/, "", value)
      seen[name] = value
    }
    END {
      if (last != "}" || text("@SCHEMA@") != "@SCHEMA_VERSION@" || text("@PRODUCT@") != "drawbridge") bad = 1
      state = text("@STATUS@")
      written = time("@WRITTEN@")
      expires = time("@EXPIRES@")
      version = text("@VERSION@")
      sub(/[^0-9.].*$/, "", version)
      direct = seen["@DIRECT@"]
      compliant = seen["@COMPLIANT@"]
      if (version == "" || direct !~ /^[0-9]+$/ || (compliant != "true" && compliant != "false")) bad = 1
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
