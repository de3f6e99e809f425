# What HAProxy and its entry point print, for json-log. A request's line is JSON already.
#   [NOTICE]   (1) : Loading success.   ->   info, "Loading success."
#   edge: not started: …                ->   error

/^\{/ { print; fflush(); next }
/^[ \t]*$/ { next }

match($0, /^\[[A-Z]+\] +\([0-9]+\) : /) {
    head = substr($0, 1, RLENGTH)
    level = head ~ /^\[(ALERT|EMERG)\]/ ? "error" : head ~ /^\[WARNING\]/ ? "warning" : "info"
    say(level, substr($0, RLENGTH + 1))
    next
}

{ say($0 ~ /^edge: not started: / ? "error" : "info", $0) }
