"""`python -m tests.upstream`: a proxy on 3128 through which a site called site.test is reached."""

import asyncio

from tests.gateway.origin import site
from tests.gateway.upstreams import Upstream

PORT = 3128


async def _main() -> None:
    async with site() as origin:
        upstream = Upstream({"site.test": origin.port})
        server = await asyncio.start_server(upstream._serve, "0.0.0.0", PORT)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
