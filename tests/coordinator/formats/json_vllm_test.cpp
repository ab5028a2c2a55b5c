// A run under the names of vLLM's benchmark: its definitions, our figures.

#include "coordinator/report/formats/json_vllm.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/coordinator/formats/formatted_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

json vllm_of(const RunRecord& record) { return json::parse(json_vllm(reported(record))); }

bool near(const json& value, double expected) {
  return std::abs(value.get<double>() - expected) <= 0.001 * std::abs(expected) + 1e-9;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_keys_of_a_result_of_vllm_are_there) {
  const json result = vllm_of(healthy_record());
  for (const char* key : {"date", "endpoint_type", "backend", "model_id", "num_prompts", "duration",
                          "completed", "total_input_tokens", "total_output_tokens",
                          "request_throughput", "output_throughput", "total_token_throughput"})
    BOOST_TEST(!result.at(key).is_null(), key);
  for (const char* metric : {"ttft", "tpot", "itl", "e2el"})
    for (const char* statistic : {"mean", "median", "std", "p90", "p95", "p99"})
      BOOST_TEST(result.at(std::string(statistic) + "_" + metric + "_ms").is_number());
  BOOST_TEST(result.at("date") == "20261121-063341");
  BOOST_TEST(result.at("completed") == 600);
  BOOST_TEST(result.at("total_output_tokens") == 4800);
  BOOST_TEST(near(result.at("output_throughput"), 160));
  BOOST_TEST(near(result.at("request_throughput"), 20));
  BOOST_TEST(near(result.at("total_token_throughput"), (4800 + 19200) / 30.0));
}

BOOST_AUTO_TEST_CASE(ttft_counts_from_the_dispatch_as_theirs_does) {
  const RunRecord record = healthy_record();
  const json result = vllm_of(record);
  const auto& durations = record.timeline.total(actors::Phase::measure).durations;
  const auto& service = durations[static_cast<std::size_t>(scenarios::Metric::ttft_service)];
  const auto& ours = durations[static_cast<std::size_t>(scenarios::Metric::ttft)];
  const auto milliseconds = [](nanoseconds value) {
    return std::chrono::duration<double, std::milli>(value).count();
  };
  BOOST_TEST(near(result.at("mean_ttft_ms"), milliseconds(service.mean())));
  BOOST_TEST(result.at("mean_ttft_ms").get<double>() < milliseconds(ours.mean()));
  BOOST_TEST(near(result.at("median_ttft_ms"), milliseconds(service.value_at_percentile(50))));
  BOOST_TEST(near(result.at("mean_itl_ms"), 25));
  BOOST_TEST(result.at("squall").at("durations").at("ttft") == "ttft_service");
  BOOST_TEST(result.at("squall").at("durations").at("e2el") == "e2e_service");
}

BOOST_AUTO_TEST_CASE(a_deviation_is_that_of_the_values) {
  const json result =
      vllm_of(record_of({.completed = {{100ms, 300}, {200ms, 100}}}, "ttft p95 < 300ms"));
  BOOST_TEST(near(result.at("mean_ttft_ms"), 125));
  BOOST_TEST(near(result.at("std_ttft_ms"), std::sqrt(0.75 * 25 * 25 + 0.25 * 75 * 75)));
}

BOOST_AUTO_TEST_CASE(what_is_withheld_or_unknown_is_null_and_said) {
  const json few =
      vllm_of(record_of({.completed = {{100ms, 50}}, .timeouts = 3}, "ttft p95 < 300ms"));
  BOOST_TEST(few.at("median_ttft_ms").is_number());
  BOOST_TEST(few.at("p99_ttft_ms").is_null());
  BOOST_TEST(few.at("squall").at("withheld").at("p99_ttft_ms") ==
             "p99: insufficient (n = 50, needs 368)");
  BOOST_TEST(few.at("failed") == 3);
  BOOST_TEST(few.at("mean_itl_ms").is_null());
  BOOST_TEST(few.at("request_goodput").is_null());
}

BOOST_AUTO_TEST_CASE(a_simulated_target_is_told) {
  const json result = vllm_of(varied_record());
  BOOST_TEST(result.at("squall").at("simulated") == true);
  BOOST_TEST(result.at("squall").at("banners").size() == 1u);
  BOOST_TEST(result.at("endpoint_type") == "simulated");
}

BOOST_AUTO_TEST_CASE(names_that_are_attacks_stay_text) {
  BOOST_TEST(vllm_of(hostile_record()).at("label") == "<script>alert(1)</script>");
}
