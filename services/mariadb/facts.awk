# Reads a dump of mariadb-dump and prints one line of JSON: how many rows each table has, a digest of
# all that is data, and the position in the binary log. A row stands in a line of its own.
function text(value) {
    gsub(/\\/, "\\\\", value)
    gsub(/"/, "\\\"", value)
    return "\"" value "\""
}
BEGIN {
    file_of_digest = work "/digest"
    digest = "sha256sum | cut -c 1-64 >" file_of_digest
}
/^-- CHANGE MASTER TO / {
    split($0, part, "'")
    file = part[2]
    position = $0
    sub(/.*MASTER_LOG_POS=/, "", position)
    sub(/;.*/, "", position)
}
inserting {
    rows[table]++
    if (/\);$/) inserting = 0
}
!inserting && /^USE `/ { split($0, part, "`"); database = part[2] }
!inserting && /^CREATE TABLE `/ { split($0, part, "`"); table = database "." part[2]; rows[table] += 0 }
!inserting && /^INSERT INTO `/ { split($0, part, "`"); table = database "." part[2]; inserting = 1 }
# Comments tell when and by what it was made.
!/^--/ { print | digest }
END {
    close(digest)
    getline content < file_of_digest
    counted = ""
    for (name in rows) counted = counted (counted == "" ? "" : ", ") text(name) ": " rows[name]
    printf "{\"version\": %s, \"position\": {\"server_id\": %s, \"file\": %s, \"at\": %s}, ", \
        text(version), server_id, text(file), position
    printf "\"compare\": {\"rows\": {%s}, \"content\": %s}}\n", counted, text(content)
}
