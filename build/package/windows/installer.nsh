; What the NSIS installer does beside copying files. Unverified: never run on Windows.
!macro customInstall
  SetRegView 64
  WriteRegStr HKLM "Software\Microsoft\Windows\CurrentVersion\Run" "Drawbridge" '"$INSTDIR\drawbridge.exe" --hidden'
!macroend

!macro customUnInstall
  ; an upgrade uninstalls the version before it
  ${ifNot} ${isUpdated}
    SetRegView 64
    DeleteRegValue HKLM "Software\Microsoft\Windows\CurrentVersion\Run" "Drawbridge"
    nsExec::ExecToLog '"$INSTDIR\resources\bridge\bin\node.exe" "$INSTDIR\resources\bridge\program\launch.mjs" leave'
  ${endIf}
!macroend
