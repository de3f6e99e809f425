# Turns nginx's error log on stdin into JSON lines: nginx can format its access log alone.
#   2026/01/02 03:04:05 [warn] 7#7: *1 message   ->   {"time":…,"level":"warn","message":"…"}

# Where the engine of nginx/protected_links.js lies in memory, told before error_log's level counts.
/ \[notice\] [0-9#]+: js vm init njs: [0-9A-Fa-f]+$/ { next }

{
    time = level = ""
    message = $0
    if (match(message, /^[0-9\/]+ [0-9:]+ \[[a-z]+\] /)) {
        time = $1 "T" $2 "+00:00"
        gsub(/\//, "-", time)
        level = substr($3, 2, length($3) - 2)
        message = substr(message, RLENGTH + 1)
    }
    gsub(/\\/, "\\\\", message)
    gsub(/"/, "\\\"", message)
    # A caller may have sent bytes that are no text; JSON has no place for them.
    gsub(/[\001-\037\177-\377]/, "?", message)
    printf "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"%s\"}\n", time, level ? level : "error", message
    fflush()
}
