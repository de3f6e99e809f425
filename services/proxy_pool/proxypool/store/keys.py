"""What is kept where. All keys begin with the table's name.

| key | type | what it holds |
|---|---|---|
| (the table) | hash | proxy → its record as JSON, good proxies only |
| `:in:FACET` | zset | the good proxies that stand in a facet, by score |
| `:by:ORDER` | zset | them by latency (ms), checked, first_seen (times), success_rate |
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
| `:judges` | hash | judge → what was last seen of it as JSON |
| `:history`, `:history:old` | zset | samples of sizes, by time |
| `:meta` | hash | the layout's version |

Times are milliseconds of Redis's clock; `:expiring` too. What a known entry holds: `sources`
(joined by `/`), `lane`, `fails`, `reason`, `listed`, `first`, `hint` (protocols it is said to
speak, joined by `,`), `spoken` (those it spoke), `full` (the last full check), `private`,
`expires` (unix s or 0), `targets` (name → last check).
"""

FACETS = """
`all`; `public`: not from a private source; `web`: http or connect; `https`: carries verified TLS;
`https:connect`: by CONNECT; each protocol's name; `anonymity:LEVEL`; `country:CC`; `asn:NUMBER`;
`source:NAME` and `web:source:NAME`; `target:NAME`: works for it.
"""

LAYOUT = 2
"""The version of this layout. 1 had the sets `:all` and `:https` instead of facets."""

SUFFIXES = (
    "",
    ":by:checked",
    ":by:first_seen",
    ":by:latency",
    ":by:success_rate",
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
    ":reasons",
    ":reports",
    ":sizes",
    ":sizes:asn",
    ":targets",
    ":work",
)
"""Of all keys but the facets'."""
