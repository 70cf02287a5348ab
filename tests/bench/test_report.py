"""python3 -m unittest discover tests/bench"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import report
import scenarios

WHOLE, STREAMED = scenarios.SCENARIOS[0], scenarios.SCENARIOS[1]


def busy(cpu_us, ok=10):
    return {"ok": ok, "gateway_cpu_us": cpu_us * ok, "window_s": 1.0}


def paced(p50, p99):
    quantiles = {"p50": p50, "p99": p99}
    return {"ok": 10, "answer_us": quantiles, "first_us": quantiles, "chunk_us": quantiles}


class Report(unittest.TestCase):
    def test_the_ratio_is_of_medians_and_ignores_runs_without_a_right_answer(self):
        runs = {"nginx": {"busy": [busy(10), busy(11), busy(90)]}, "relay": {"busy": [busy(22), busy(0, ok=0), busy(22)]}}
        self.assertEqual(report.row(WHOLE, runs)["ratio"], 2.0)

    def test_a_figure_on_its_target_passes_and_one_above_misses(self):
        for cpu, verdict in ((20.0, "PASS"), (20.2, "MISS")):
            row = report.row(WHOLE, {"nginx": {"busy": [busy(10)]}, "relay": {"busy": [busy(cpu)]}})
            found = report.verdicts([row], {})
            self.assertEqual(found[0]["verdict"], verdict)

    def test_added_latency_is_the_difference_to_the_direct_way(self):
        row = report.row(STREAMED, {"direct": {"paced": [paced(50, 90)]}, "relay": {"paced": [paced(80, 200)]}})
        added = row["entries"]["relay"]["added_us"]
        self.assertEqual((added["first_p50"], added["chunk_p99"]), (30, 110))

    def test_a_gateway_that_was_not_measured_has_no_verdict(self):
        row = report.row(WHOLE, {"nginx": {"busy": [busy(10)]}})
        self.assertEqual(report.verdicts([row], {"nginx": {"start_ms": 4}}), [])


class Scenarios(unittest.TestCase):
    def test_chat_bodies_have_the_size_that_the_document_says(self):
        for scenario in scenarios.SCENARIOS[:5]:
            for translates in (True, False):
                body = scenario.body(scenario.form(translates), "{{mock chunks=100 bytes=40 delay_us=0}}")
                self.assertTrue(900 <= len(body) <= 1024, (scenario.id, len(body)))


if __name__ == "__main__":
    unittest.main()
