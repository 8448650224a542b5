import unittest

from durations import format_duration, parse_duration


class Durations(unittest.TestCase):
    def test_parses_hours_minutes_and_seconds(self):
        self.assertEqual(parse_duration("1h 30m 5s"), 5405)

    def test_formats_all_parts(self):
        self.assertEqual(format_duration(5405), "1h 30m 5s")


if __name__ == "__main__":
    unittest.main()
