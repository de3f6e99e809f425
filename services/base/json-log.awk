# What every FORMAT of json-log has: a line as a JSON object, at the time it came.

function say(level, text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    gsub(/\t/, " ", text)
    # JSON has no place for them.
    gsub(/[\001-\037\177]/, "?", text)
    printf "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"%s\"}\n", \
        strftime("%Y-%m-%dT%H:%M:%SZ", systime(), 1), level, text
    fflush()
}
