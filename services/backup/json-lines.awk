# What the stream of binary logs and its programs print, for json-log.
#   backup: streaming from …              ->   info
#   backup: … lost, expected …, ERROR: …  ->   warning

/^[ \t]*$/ { next }

{ say($0 ~ /expected|lost|no binary logs|ERROR|WARNING/ ? "warning" : "info", $0) }
