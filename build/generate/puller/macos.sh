# Where the agent writes on macOS, and who sits at the machine.
shared='/Library/Application Support/Drawbridge/posture'
homes=/Users
own='Library/Application Support/Drawbridge/posture'
# The dd of macOS has nothing for it.
careful=''
logged_in() {
  present=$(owner "$root/dev/console")
  if [ "${present:-0}" != 0 ]; then printf '%s\n' "$present"; fi
}
