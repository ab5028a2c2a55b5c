#include "coordinator/text/readable_numbers.hpp"

#include <boost/test/unit_test.hpp>

using namespace squall::coordinator;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(durations_have_three_digits_and_a_unit_that_fits) {
  BOOST_TEST(readable(0ns) == "0 s");
  BOOST_TEST(readable(420ns) == "0.42 us");
  BOOST_TEST(readable(12'345ns) == "12.3 us");
  BOOST_TEST(readable(1234us) == "1.23 ms");
  BOOST_TEST(readable(12'345us) == "12.3 ms");
  BOOST_TEST(readable(123'456us) == "123 ms");
  BOOST_TEST(readable(1234ms) == "1.23 s");
  BOOST_TEST(readable(119s) == "119 s");
  BOOST_TEST(readable(125s) == "2 min 05 s");
  BOOST_TEST(readable(7384s) == "2 h 03 min");
  BOOST_TEST(readable(-5ms) == "-5.00 ms");
}

BOOST_AUTO_TEST_CASE(what_rounds_up_to_the_next_unit_or_digit_is_written_so) {
  BOOST_TEST(readable(999'499ns) == "999 us");
  BOOST_TEST(readable(999'500ns) == "1.00 ms");
  BOOST_TEST(readable(999'600us) == "1.00 s");
  BOOST_TEST(readable(9'994us) == "9.99 ms");
  BOOST_TEST(readable(9'996us) == "10.0 ms");
  BOOST_TEST(readable(99'960us) == "100 ms");
}

BOOST_AUTO_TEST_CASE(an_interval_is_in_the_unit_of_its_value) {
  BOOST_TEST(readable_interval(980ms, 1100ms, 1020ms) == "0.98..1.10");
  BOOST_TEST(readable_interval(11'900us, 12'800us, 12'300us) == "11.9..12.8");
  BOOST_TEST(readable_interval(11'900us, 60s, 12'300us, true) == "11.9..>60,000");
}

BOOST_AUTO_TEST_CASE(elapsed_time_is_a_clock) {
  BOOST_TEST(readable_clock(0ns) == "0:00");
  BOOST_TEST(readable_clock(65'900ms) == "1:05");
  BOOST_TEST(readable_clock(3723s) == "1:02:03");
}

BOOST_AUTO_TEST_CASE(counts_have_their_thousands_separated) {
  BOOST_TEST(readable_count(0) == "0");
  BOOST_TEST(readable_count(999) == "999");
  BOOST_TEST(readable_count(1000) == "1,000");
  BOOST_TEST(readable_count(1234567) == "1,234,567");
  BOOST_TEST(plural(1, "agent") == "1 agent");
  BOOST_TEST(plural(1000, "agent") == "1,000 agents");
}

BOOST_AUTO_TEST_CASE(rates_shares_and_bytes_keep_three_digits) {
  BOOST_TEST(readable_rate(0) == "0");
  BOOST_TEST(readable_rate(0.1234) == "0.123");
  BOOST_TEST(readable_rate(12.345) == "12.3");
  BOOST_TEST(readable_rate(1234.5) == "1,234");
  BOOST_TEST(readable_share(0) == "0 %");
  BOOST_TEST(readable_share(0.0005) == "0.050 %");
  BOOST_TEST(readable_share(0.0123) == "1.23 %");
  BOOST_TEST(readable_share(1) == "100 %");
  BOOST_TEST(readable_bytes(512) == "512 B");
  BOOST_TEST(readable_bytes(1536) == "1.50 KiB");
  BOOST_TEST(readable_bytes(std::uint64_t{3} << 30) == "3.00 GiB");
}
