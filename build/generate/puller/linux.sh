# Where the agent writes on Linux, and who has a session. System accounts (below 1000) have no AI hosts.
shared=/var/lib/drawbridge/posture
homes=/home
own=.local/state/drawbridge/posture
# What dd needs to know.
careful='iflag=nofollow,nonblock'
logged_in() {
  for session in "$root/run/user"/*; do
    case ${session##*/} in
      *[!0-9]*) ;;
      ????*) printf '%s\n' "${session##*/}" ;;
    esac
  done
}
