# What the maintainer scripts share; build/package/script.ts puts it in front of each of them.
# Rule: root touches nothing below a home itself. What is done there is done as the user it belongs to.

app=/opt/Drawbridge
posture=/var/lib/drawbridge/posture
notes=/run/drawbridge-notes

# uid:gid:name:home of everybody who may have used Drawbridge here. Accounts of a directory service are in no list: they are known by their homes and by
# what runs. Between the homes of systemd-homed (to 60513) and 65536 Debian and systemd number services.
people() {
    {
        getent passwd || true
        {
            find "$posture" /home/ -mindepth 1 -maxdepth 2 -type d -printf '%U\n' 2>/dev/null || true
            for pid in $(ours); do owner_of "$pid"; done
        } | sort -u | while read -r uid; do getent passwd "$uid" || true; done
    } | awk -F: '($3 == 0 || ($3 >= 1000 && $3 < 60514) || $3 > 65535) && $6 ~ /^\/./ { print $3 ":" $4 ":" $1 ":" $6 }' | sort -u
}

# as_person uid gid command…: with nothing of root's environment, and with the person's session bus where there is one. In a session of its own: a process
# of a person could write into the terminal that it shares with root.
as_person() {
    uid=$1 gid=$2
    shift 2
    cd /
    if [ -S "/run/user/$uid/bus" ]; then
        setsid -w setpriv --reuid "$uid" --regid "$gid" --init-groups --reset-env env \
            XDG_RUNTIME_DIR="/run/user/$uid" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" "$@"
    else
        setsid -w setpriv --reuid "$uid" --regid "$gid" --init-groups --reset-env "$@"
    fi
}

# The pids of all that runs from the installed app, in this root and no container's.
ours() {
    for link in /proc/[0-9]*/exe; do
        case $(readlink "$link" 2>/dev/null) in
            "$app"/*) ;;
            *) continue ;;
        esac
        pid=${link#/proc/}
        pid=${pid%/exe}
        if [ "/proc/$pid/root" -ef / ]; then echo "$pid"; fi
    done
}

# Whose a process is, where all of it is one user's. Its folder in /proc does not tell: that is root's for a user's process with a program that is setuid,
# such as chrome-sandbox, and what such a process says of itself is what its user wrote.
owner_of() {
    awk '$1 == "Uid:" && $2 == $3 && $2 == $4 && $2 == $5 { print $2 }' "/proc/$1/status" 2>/dev/null || true
}

# True for what a person or a login started: the companion, and an agent of its own. All else is started by those, or by AI hosts.
is_start() {
    case $(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null) in
        *' --type='* | *' connect '*) return 1 ;;
        "$app/drawbridge "*) return 0 ;;
        "$app/resources/bridge/bin/node $app/resources/bridge/program/launch.mjs"*' agent '*) return 0 ;;
    esac
    return 1
}

# Writes down, for root only, how each start was started: its environment, then its command line. Of users of whom nothing runs, what was written down before
# stays: the script that ended it was cut off before it started it anew.
note_starts() {
    [ -d "$notes" ] || mkdir -m 700 "$notes"
    for pid in $(ours); do
        is_start "$pid" || continue
        owner=$(owner_of "$pid")
        [ -n "$owner" ] || continue
        echo "$owner $pid"
    done | sort | while read -r owner pid; do
        if [ "$owner" != "${last:-}" ]; then rm -f "$notes/$owner".*; fi
        last=$owner
        if grep -qs 'drawbridge\.service' "/proc/$pid/cgroup"; then
            : >"$notes/$owner.unit"
        else
            # the name last: what is half written is no note
            (umask 077 && { cat "/proc/$pid/environ" && printf '/usr/bin/setsid\0-f\0' && cat "/proc/$pid/cmdline"; } >"$notes/.note") &&
                mv "$notes/.note" "$notes/$owner.$pid" || true
        fi
    done
}

start_noted() {
    for note in "$notes"/*; do
        [ -f "$note" ] || continue
        owner=${note##*/}
        owner=${owner%%.*}
        person=$(getent passwd "$owner") || continue
        case $note in
            *.unit) systemctl --user --machine="${person%%:*}@.host" restart drawbridge.service >/dev/null 2>&1 || true ;;
            *) as_person "$owner" "$(echo "$person" | cut -d: -f4)" xargs -0 env -i <"$note" >/dev/null 2>&1 || true ;;
        esac
    done
    rm -rf "$notes"
}

# end pid…: asks, waits for 10 s, and then does not ask.
end() {
    kill -TERM "$@" 2>/dev/null || true
    for _ in $(seq 100); do
        left=
        for pid in "$@"; do
            # a zombie has ended, whoever is to notice
            case $(cut -d ' ' -f 3 "/proc/$pid/stat" 2>/dev/null) in
                '' | Z) ;;
                *) left="$left $pid" ;;
            esac
        done
        if [ -z "$left" ]; then return 0; fi
        sleep 0.1
    done
    # shellcheck disable=SC2086 # one word for each pid
    kill -KILL $left 2>/dev/null || true
}

