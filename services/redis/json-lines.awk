# What Redis prints, for json-log. The sign before a message is its level.
#   7:M 02 Jan 2026 03:04:05.678 * Ready to accept connections tcp   ->   info, "Ready …"
#   redis: not started: …                                            ->   error

BEGIN {
    level["."] = "debug"
    level["-"] = "debug"
    level["*"] = "info"
    level["#"] = "warning"
}

/^[ \t]*$/ { next }

match($0, /^[0-9]+:[A-Z] [0-9]+ [A-Z][a-z]+ [0-9]+ [0-9:.]+ [.*#-] /) {
    say(level[substr($0, RLENGTH - 1, 1)], substr($0, RLENGTH + 1))
    next
}

{ say($0 ~ /^redis: not started: / ? "error" : "info", $0) }
