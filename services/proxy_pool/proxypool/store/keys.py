"""What is kept where. All keys begin with the table's name.

| key | type | what it holds |
|---|---|---|
| (the table) | hash | proxy → its record as JSON, good proxies only |
| `:by:score`, `:by:latency` | zset | all good proxies in these orders |
| `:in:FACET` | set | the good proxies that stand in a facet |
| `:sizes`, `:sizes:asn` | hash | facet → how many stand in it |
| `:known` | hash | proxy → what is kept of it as JSON; candidates and dead ones too |
| `:listed` | hash | source → how many known ones it lists |
| `:expiring` | zset | proxies with an end, by that time |
| `:inflight` | hash | proxy → id of its work in the stream: the claim that a verdict must hold |
| `:deleted` | zset | proxies not to be taken up again, by the time until when |
| `:work` | stream | checks handed out, consumer group `checkers` |
| `:due:new`, `:due:alive`, `:due:failed` | zset | when each is to be checked next |
| `:checks`, `:reasons` | hash | verdicts by outcome and by reason |
| `:https_reasons` | hash | why good ones do not carry https |
| `:reports` | hash | what clients reported, by source and result |
| `:crawls`, `:next_crawl` | hash | source → its last crawl as JSON, and when the next is due |
| `:crawled` | hash | source → when it was crawled, where that worked |
| `:targets` | hash | name → the target as JSON |
| `:passed` | stream | the last requests through the gateways, as JSON |
| `:sessions` | hash | session of the gateway → its upstream |
| `:sessions:ends` | zset | sessions, by the time when they end |
| `:judges` | hash | judge → what was last seen of it as JSON |
| `:history`, `:history:old` | zset | samples of sizes, by time |
| `:meta` | hash | the layout's version |

Times are milliseconds of Redis's clock; `:expiring` too. What a known entry holds: `sources`
(joined by `/`), `lane`, `fails`, `reason`, `listed`, `first`, `hint` (protocols it is said to
speak, joined by `,`), `spoken` (those it spoke), `full` (the last full check), `alive` (since when
it is good), `private`, `expires` (unix s or 0), `targets` (name → last check).
"""

FACETS = """
`all`, which is the order by score; `private`: from the user's own sources alone; `web`: http or
connect; `https`: carries verified TLS; `https:connect`: by CONNECT; each protocol's name;
`anonymity:LEVEL`; `country:CC`; `asn:NUMBER`; `source:NAME`, and `not_web:source:NAME` for those of
it that are not web; `target:NAME`: works for it.
"""

LAYOUT = 2
"""The version of this layout. 1 had the sets `:all` and `:https` instead of facets."""

SUFFIXES = (
    "",
    ":by:latency",
    ":by:score",
    ":checks",
    ":crawled",
    ":crawls",
    ":deleted",
    ":due:alive",
    ":due:failed",
    ":due:new",
    ":expiring",
    ":history",
    ":history:old",
    ":https_reasons",
    ":inflight",
    ":judges",
    ":known",
    ":listed",
    ":meta",
    ":next_crawl",
    ":passed",
    ":reasons",
    ":reports",
    ":sessions",
    ":sessions:ends",
    ":sizes",
    ":sizes:asn",
    ":targets",
    ":work",
)
"""Of all keys but the facets'."""
