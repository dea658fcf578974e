"""The burst's webhooks, and the file that says what must come of them."""

import json
import time
from pathlib import Path

from tests.bench.happenings import HAPPENINGS
from tests.bench.rig import Company
from tests.bench.story import Story

DAY_SECONDS = 86_400


async def write(path: Path, companies: list[Company], sandbox_url: str, *, webhooks: int) -> list[tuple[str, bytes]]:
    """Make a story of yesterday for each company, write the expected rows to `path` as JSON by tenant, and return
    `(address, body)` of every webhook in the order of the story."""
    posts: list[tuple[str, bytes]] = []
    expected = {}
    for number, company in enumerate(companies, 1):
        story = Story(company, seed=number, first_second=int(time.time()) - DAY_SECONDS)
        await story.make(sandbox_url, HAPPENINGS, webhooks=webhooks // len(companies))
        expected[company.tenant_id] = story.expected()
        posts += [(company.hook, body) for body in story.posts]
    path.write_text(json.dumps(expected, ensure_ascii=False, indent=1))
    return posts
