// The text that Prometheus reads.

#include "agents/serve/serve_metrics.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

using namespace squall::agents;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(a_duration_is_counted_in_every_bucket_that_holds_it) {
  DurationHistogram histogram;
  for (const auto duration : {400us, 1000us, 7ms + 0us, 90s + 0us}) histogram.record(duration);
  std::string text;
  histogram.append_to(text, "x_seconds", "Meaning.");
  for (const char* line :
       {"# TYPE x_seconds histogram", R"(x_seconds_bucket{le="0.0005"} 1)",
        R"(x_seconds_bucket{le="0.001"} 2)", R"(x_seconds_bucket{le="0.005"} 2)",
        R"(x_seconds_bucket{le="0.01"} 3)", R"(x_seconds_bucket{le="60"} 3)",
        R"(x_seconds_bucket{le="+Inf"} 4)", "x_seconds_count 4", "x_seconds_sum 90.0084"})
    BOOST_TEST(text.find(std::string(line) + "\n") != std::string::npos, line << " in\n" << text);
}

BOOST_AUTO_TEST_CASE(every_line_is_a_comment_or_a_name_and_a_number) {
  ServeMetrics metrics;
  metrics.count_request("/v1/completions", 200);
  metrics.count_request("/v1/completions", 200);
  metrics.count_request("other", 404);
  std::istringstream text(metrics.prometheus_text());
  std::size_t samples = 0;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# HELP squall_") || line.starts_with("# TYPE squall_")) continue;
    BOOST_TEST(line.starts_with("squall_"), line);
    const std::size_t space = line.rfind(' ');
    std::size_t used = 0;
    BOOST_CHECK_NO_THROW(std::stod(line.substr(space + 1), &used));
    BOOST_TEST(used == line.size() - space - 1, line);
    ++samples;
  }
  BOOST_TEST(samples > 60u);
  BOOST_TEST(metrics.prometheus_text().find(
                 R"(squall_requests_total{route="/v1/completions",status="200"} 2)") !=
             std::string::npos);
}
