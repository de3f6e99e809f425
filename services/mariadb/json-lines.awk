# What MariaDB prints, for json-log.
#   2026-01-02  3:04:05 0 [Note] InnoDB: message   ->   info, "InnoDB: message"
#   mariadb: not started: …                        ->   error

/^[ \t]*$/ { next }

match($0, /^[0-9-]+ +[0-9:]+ +[0-9]+ \[[A-Za-z]+\] /) {
    head = substr($0, 1, RLENGTH)
    level = head ~ /\[ERROR\]/ ? "error" : head ~ /\[Warning\]/ ? "warning" : "info"
    say(level, substr($0, RLENGTH + 1))
    next
}

{ say($0 ~ /^mariadb: not started: / ? "error" : "info", $0) }
