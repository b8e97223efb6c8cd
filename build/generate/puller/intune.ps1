# Unverified: written from the documentation of Windows PowerShell 5.1, never run on Windows. Judges as the other scripts do: whoever is logged in, the worst counts.
$ErrorActionPreference = 'Stop'
# Set it where the profile sets PostureStatusPath.
$StatusPath = ''

$unknown = @{ Age = @UNKNOWN_AGE@; Version = '0.0.0'; Direct = -1 }

function New-Judgment([string] $verdict, [int64] $age, [string] $version, [int64] $direct) {
  [pscustomobject]@{ Verdict = $verdict; Age = $age; Version = $version; Direct = $direct }
}

function New-Unknown([string] $verdict) {
  New-Judgment $verdict $unknown.Age $unknown.Version $unknown.Direct
}

# As the agent writes it: two spaces a level, one member a line, strings and numbers in their one form. Whether brackets and commas fit, ConvertFrom-Json says.
function Test-Layout([string] $text) {
  $string = '"(?:[^"\\\x00-\x1f]|\\["\\bfnrt]|\\u00[01][0-9a-f]|\\ud[89a-f][0-9a-f][0-9a-f])*"'
  $number = '(?:0|-?[1-9][0-9]{0,15}|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])'
  $member = '(?:"[^"\\\x00-\x1f]*": )?'
  $depth = 0
  foreach ($line in ($text -creplace '\n\z', '').Split("`n")) {
    $rest = $line.TrimStart(' ')
    if ($rest -cmatch '^[}\]],?\z') { $depth -= 1 }
    if ($line.Length - $rest.Length -ne 2 * $depth) { return $false }
    if ($rest -cmatch "^${member}[{\[]\z") { $depth += 1 }
    elseif ($rest -cnotmatch "^(?:${member}(?:true|false|null|\{\}|\[\]|${number}|${string})|[}\]]),?\z") { return $false }
  }
  return $depth -eq 0
}

# A member at the top that holds a time. It is taken from the text: PowerShell 7 turns times into dates by itself, in whatever form they are.
function Get-Time([string] $text, [string] $name) {
  $value = [regex]::Match($text, "(?m)^  `"${name}`": `"([^`"]*)`",?`$").Groups[1].Value
  $culture = [Globalization.CultureInfo]::InvariantCulture
  [DateTimeOffset]::ParseExact($value, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", $culture, [Globalization.DateTimeStyles]::AssumeUniversal)
}

function Get-Kind($value) {
  if ($value -is [bool]) { return 'boolean' }
  if ($value -is [string] -or $value -is [datetime]) { return 'string' }
  if ($value -is [array]) { return 'array' }
  if ($value -is [int] -or $value -is [int64] -or $value -is [double] -or $value -is [decimal]) { return 'number' }
  if ($value -is [Management.Automation.PSCustomObject]) { return 'object' }
  return ''
}

# Takes only a plain file of the user (or of SYSTEM or the administrators), of at most @LIMIT@ bytes.
function Get-Judgment([string] $sid, [string] $file) {
  if (-not (Test-Path -LiteralPath $file)) { return New-Unknown 'absent' }
  try {
    $item = Get-Item -LiteralPath $file -Force
    if ($item.PSIsContainer -or ($item.Attributes -band [IO.FileAttributes]::ReparsePoint) -or $item.Length -gt @LIMIT@) { throw 'not a plain file' }
    $ownerSid = (Get-Acl -LiteralPath $file).GetOwner([Security.Principal.SecurityIdentifier]).Value
    if (@($sid, 'S-1-5-18', 'S-1-5-32-544') -notcontains $ownerSid) { throw 'not the file of the user' }
    # ReadAllText would take a byte order mark away
    $text = [Text.Encoding]::UTF8.GetString([IO.File]::ReadAllBytes($file))
    if (-not (Test-Layout $text)) { throw 'not as the agent writes it' }
    $status = ConvertFrom-Json -InputObject $text
    if ($status.@SCHEMA@ -cne '@SCHEMA_VERSION@' -or $status.@PRODUCT@ -cne 'drawbridge') { throw 'not a posture file' }
    if ($status.@COMPLIANT@ -isnot [bool] -or $status.@STATUS@ -cnotmatch '^(@STATES@)$') { throw 'not a posture file' }
    $version = [regex]::Match([string]$status.@VERSION@, '^[0-9]+(\.[0-9]+)*').Value
    if (-not $version) { $version = '0.0.0' }
    foreach ($member in '@MEMBERS@'.Split(' ')) {
      $at = $status
      foreach ($name in $member.Split(':')[0].Split('.')) {
        if (@($at.PSObject.Properties.Name) -cnotcontains $name) { throw 'not a posture file' }
        $at = $at.$name
      }
      if ((Get-Kind $at) -cne $member.Split(':')[1]) { throw 'not a posture file' }
    }
    if ([string]$status.counts.@DIRECT@ -cnotmatch '^[0-9]+\z') { throw 'not a posture file' }
    $direct = [int64]$status.counts.@DIRECT@
    $now = [DateTimeOffset]::UtcNow
    $written = Get-Time $text '@WRITTEN@'
    $expires = Get-Time $text '@EXPIRES@'
    $verdict = 'noncompliant'
    if ($status.@COMPLIANT@) { $verdict = 'compliant' }
    if (@('stopped', 'unknown') -ccontains $status.@STATUS@ -or $now -ge $expires -or $written -gt $now.AddMinutes(@CLOCKS@)) { $verdict = 'stale' }
    $age = [int64][Math]::Max(0, [Math]::Floor(($now - $written).TotalMinutes))
    New-Judgment $verdict $age $version $direct
  } catch {
    New-Unknown 'error'
  }
}

# User's SID -> the folder of the profile.
function Get-Profiles {
  $found = @{}
  $list = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
  foreach ($key in Get-ChildItem -LiteralPath $list) {
    if ($key.PSChildName -match '^S-1-(5-21|12-1)-') { $found[$key.PSChildName] = $key.GetValue('ProfileImagePath') }
  }
  $found
}

# As SYSTEM: whose registry hive is loaded, or, where nobody's is, everybody who has a status file. Else: the one who runs this.
function Get-Candidates {
  $me = [Security.Principal.WindowsIdentity]::GetCurrent()
  $profiles = Get-Profiles
  $files = @{}
  foreach ($sid in $profiles.Keys) {
    $files[$sid] = Join-Path $profiles[$sid] 'AppData\Local\Drawbridge\posture\status.json'
    if ($StatusPath) { $files[$sid] = $StatusPath }
  }
  if (-not $me.IsSystem) {
    $sids = @($me.User.Value)
  } else {
    $sids = @($profiles.Keys | Where-Object { Test-Path -LiteralPath "Registry::HKEY_USERS\$_" })
    if ($sids.Count -eq 0) { $sids = @($profiles.Keys | Where-Object { Test-Path -LiteralPath $files[$_] }) }
  }
  foreach ($sid in $sids) { [pscustomobject]@{ Sid = $sid; File = $files[$sid] } }
}

$ranks = @{ compliant = 0; absent = 1; stale = 2; error = 3; noncompliant = 4 }
$worst = $null
try {
  foreach ($candidate in Get-Candidates) {
    $judged = New-Unknown 'absent'
    if ($candidate.File) { $judged = Get-Judgment $candidate.Sid $candidate.File }
    if ($null -eq $worst -or $ranks[$judged.Verdict] -gt $ranks[$worst.Verdict]) { $worst = $judged }
  }
} catch {
  $worst = New-Unknown 'error'
}
if ($null -eq $worst) { $worst = New-Unknown 'absent' }

[ordered]@{
  DrawbridgeCompliant = ($worst.Verdict -eq 'compliant')
  PostureAgeMinutes = $worst.Age
  DrawbridgeVersion = $worst.Version
  DirectServerCount = $worst.Direct
} | ConvertTo-Json -Compress
