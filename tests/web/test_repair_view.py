"""The dry run of the repair and its journal, as the page gets them."""

import asyncio
import json
from pathlib import Path

from broute_addon.app.repair_view import repair_view
from broute_addon.messages import Language
from tests.home_assistant.test_repair import BEFORE, LAST, SENSOR, Site, after_outage, at_site


def test_the_dry_run_lists_each_hour_with_both_sums(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(BEFORE, 2)
        site.rows = after_outage()
        site.start(repair=False)
        await asyncio.sleep(5)
        site.keep(BEFORE, LAST)
        site.feed(7)
        await asyncio.sleep(600)
        assert site.writer is not None
        shown = await repair_view(site.writer.repairer, site.ledger, Language.JA)
        json.dumps(shown)
        assert [hour["kind"] for hour in shown["hours"]] == ["cut", "flat", "flat", "flat"]
        assert {hour["statistic_id"] for hour in shown["hours"]} == {SENSOR}
        for hour in shown["hours"]:
            assert float(hour["new_sum"]) > float(hour["old_sum"])
            assert hour["start"].endswith("+00:00")
        assert shown["past"] == {SENSOR: 1 - BEFORE}
        assert (shown["problem"], shown["done"]) == (None, [])

    at_site(tmp_path, story)


def test_what_was_mended_is_listed_newest_first_without_the_menders_own_marks(
    tmp_path: Path,
) -> None:
    async def story(site: Site) -> None:
        await site.outage(after_outage(4))
        await asyncio.sleep(120)
        assert site.writer is not None
        shown = await repair_view(site.writer.repairer, site.ledger, Language.EN)
        assert [hour["kind"] for hour in shown["done"]] == ["flat", "absent", "flat", "cut"]
        assert shown["hours"] == []
        assert shown["done"][1]["old_sum"] is None

    at_site(tmp_path, story)


def test_without_a_way_to_core_there_is_nothing_to_list(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        shown = await repair_view(None, site.ledger, Language.EN)
        assert (shown["hours"], shown["done"], shown["problem"]) == ([], [], None)

    at_site(tmp_path, story)
