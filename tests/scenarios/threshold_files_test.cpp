#include <boost/test/unit_test.hpp>

#include "scenarios/schema/scenario_parser.hpp"
#include "scenarios/thresholds/threshold_table.hpp"

using namespace squall::scenarios;

namespace {

std::string mistakes_of(const std::string& text, const std::string& file) {
  try {
    parse_threshold_table(text, file);
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "none";
}

void refused(const std::string& text, const std::string& mistakes,
             const std::string& file = "t.toml") {
  BOOST_TEST_CONTEXT(text) { BOOST_TEST(mistakes_of(text, file) == mistakes); }
}

Scenario scenario_with(const std::string& top, const std::string& tables = "") {
  return parse_scenario("name = \"x\"\n" + top +
                            "\n[target]\nmodel = \"synthetic:llama-15m/q8_0\"\n[users]\ncount = "
                            "1\n" +
                            tables,
                        "x.toml");
}

std::string scenario_mistakes(const std::string& top, const std::string& tables = "") {
  try {
    scenario_with(top, tables);
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_shipped_table_is_valid_and_names_its_lines) {
  BOOST_REQUIRE(!default_thresholds().base.empty());
  BOOST_TEST(default_thresholds().base.front().source.starts_with("defaults.toml:"));
  BOOST_TEST(default_thresholds().hardware.size() == all_hardware_classes.size());
  BOOST_TEST(default_thresholds().model.size() == all_model_sizes.size());
  BOOST_TEST(default_thresholds().environment.size() == all_environments.size());
}

BOOST_AUTO_TEST_CASE(every_mistake_of_a_table_has_its_place_and_a_remedy) {
  refused(R"([base]
max_ttft_p59 = "1s"
max_tftt_p95 = "1s"
min_tokens_per_second = "fast"
max_error_rate = 0.01
max_memory = "8GB"
max_load_time = true
[hardware.cpu-lowend]
max_ttft_p95 = "*0"
[hardware.mobile]
max_ttft_p95 = "*-1"
[environments.ci]
)",
          "t.toml:3:1: unknown limit 'max_tftt_p95'; did you mean 'max_ttft_p95'?\n"
          "t.toml:4:25: 'min_tokens_per_second': expected a number such as 100 after "
          "'tokens_per_second', found 'fast'\n"
          "t.toml:5:18: 'max_error_rate': metric 'error_rate' is a share of the requests; write "
          "'0.01' in percent, as in '1%'\n"
          "t.toml:6:14: 'max_memory': metric 'memory' is a size; write '8GB' with a unit: KiB, "
          "MiB, GiB or TiB\n"
          "t.toml:7:17: 'max_load_time': expected a limit such as \"300ms\", \"*1.5\" or \"off\", "
          "found a boolean\n"
          "t.toml:8:11: unknown hardware 'cpu-lowend'; did you mean 'cpu-low-end'?\n"
          "t.toml:11:16: 'max_ttft_p95': '-1' is negative; expected a factor such as \"*1.5\"\n"
          "t.toml:12:2: unknown table 'environments' in a file of thresholds; did you mean "
          "'environment'?");
}

BOOST_AUTO_TEST_CASE(a_factor_of_zero_and_a_speed_up_without_baseline_are_refused) {
  refused("[base]\nmax_ttft_p95 = \"*0\"",
          "t.toml:2:16: 'max_ttft_p95': '*0' must be a factor such as \"*1.5\", above 0, at most "
          "1000000 and without a unit");
  refused("[base]\nmin_speedup = \"1.2\"",
          "t.toml:2:15: 'min_speedup': a speed-up names its baseline, as in \"1.2 over main\"; got "
          "'1.2'");
  refused("base = 3",
          "t.toml:1:8: 'base': expected a table of limits, such as [base], found an integer");
}

BOOST_AUTO_TEST_CASE(json_tables_are_read_alike_and_their_mistakes_have_places) {
  const auto table = parse_threshold_table(
      "{\"base\": {\"max_ttft_p95\": \"1s\", \"min_tokens_per_second\": 20}}", "t.json");
  BOOST_REQUIRE(table.base.size() == 2u);
  BOOST_TEST(table.base[1].change.value == 20.0);
  refused("{\n  \"base\": {\n    \"max_tftt_p95\": \"1s\"\n  }\n}",
          "t.json:3:5: unknown limit 'max_tftt_p95'; did you mean 'max_ttft_p95'?", "t.json");
  refused("{\n  \"base\": {\n    \"max_memory\": \"8GB\"\n  }\n}",
          "t.json:3:19: 'max_memory': metric 'memory' is a size; write '8GB' with a unit: KiB, "
          "MiB, GiB or TiB",
          "t.json");
}

BOOST_AUTO_TEST_CASE(malformed_json_is_refused_at_its_place) {
  const auto json = [](const std::string& text, const std::string& mistake) {
    refused(text, "t.json:" + mistake, "t.json");
  };
  json("", "1:1: not JSON: expected '{': the file must hold one object");
  json("[]", "1:1: not JSON: expected '{': the file must hold one object");
  json("{\n  \"base\" {}}", "2:10: not JSON: expected ':' after a key, found '{'");
  json("{\"base\": {}",
       "1:12: not JSON: expected '}' or ',' after a value, found the end of the file");
  json("{\"base\": {},}", "1:13: not JSON: expected a key in double quotes");
  json("{\"base\": {}, \"base\": {}}", "1:14: not JSON: 'base' is there twice; remove one of them");
  json("{\"base\": nul}", "1:10: not JSON: 'nul' is no value; texts are written in double quotes");
  json("{\"base\": null}",
       "1:10: not JSON: null says nothing here; remove the key, or write a value");
  json("{\"base\": 01}", "1:10: not JSON: '01' is no value; texts are written in double quotes");
  json("{\"base\": \"x\n\"}", "2:1: not JSON: a string must end on its own line");
  json("{\"b\\q\": 1}", "1:6: not JSON: unknown escape '\\q'");
  json("{} x", "1:4: not JSON: unexpected text after the end of the object; remove it");
  json("{\"base\": " + std::string(40, '[') + "}", "1:26: not JSON: values are nested too deep");
}

BOOST_AUTO_TEST_CASE(a_scenario_asks_for_adaptive_limits_and_overrides_them) {
  const Scenario scenario = scenario_with("thresholds = [\"adaptive\", \"e2e p95 < 5s\"]",
                                          "[adaptive]\nenvironment = \"ci\"\nhardware = "
                                          "\"gpu-high-end\"\nmodel_size = \"large\"\nfile = "
                                          "\"team.toml\"\nmax_ttft_p95 = \"*1.5\"\n");
  BOOST_TEST(scenario.adaptive.wanted);
  BOOST_TEST((scenario.adaptive.environment == Environment::ci));
  BOOST_TEST((scenario.adaptive.hardware == HardwareClass::gpu_high_end));
  BOOST_TEST((scenario.adaptive.model_size == ModelSize::large));
  BOOST_TEST(scenario.adaptive.file == "team.toml");
  BOOST_REQUIRE(scenario.adaptive.overrides.size() == 1u);
  BOOST_TEST(scenario.adaptive.overrides[0].change.value == 1.5);
  BOOST_TEST(scenario.adaptive.overrides[0].line == 12u);
  BOOST_REQUIRE(scenario.thresholds.size() == 1u);
  BOOST_TEST(scenario.threshold_lines.at(0) == 2u);
}

BOOST_AUTO_TEST_CASE(mistakes_in_what_a_scenario_must_achieve_are_named) {
  BOOST_TEST(scenario_mistakes("", "[adaptive]\nenvironment = \"ci\"\n") ==
             "x.toml:7:2: [adaptive] has no meaning without thresholds = [\"adaptive\"] above; add "
             "it, or remove the table");
  BOOST_TEST(scenario_mistakes("thresholds = [\"adaptive\"]",
                               "[adaptive]\nenvironment = \"prod\"\nmax_tfft_p95 = \"1s\"\n") ==
             "x.toml:8:15: unknown environment 'prod'; known environments: development, ci, "
             "staging, production, benchmarking\n"
             "x.toml:9:1: unknown limit 'max_tfft_p95'; did you mean 'max_ttft_p95'?");
  BOOST_TEST(scenario_mistakes("thresholds = [\"goodput > 5\"]") ==
             "x.toml:2:15: nothing says which requests are good here; add slo = [\"ttft < 300ms\"] "
             "above");
  BOOST_TEST(scenario_mistakes("slo = [\"ttft p95 < 300ms\"]") ==
             "x.toml:2:8: an SLO is for each single request; remove 'p95', as in 'ttft < 300ms'");
  BOOST_TEST(scenario_mistakes("slo = [\"ttft < 300ms\", \"ttft < 200ms\"]") ==
             "x.toml:2:24: there is another SLO for 'ttft'; a request has to keep both, so remove "
             "the looser one");
  BOOST_TEST(scenario_mistakes("slo = [\"ttft > 300ms\"]").find("an SLO is an upper limit") !=
             std::string::npos);
  BOOST_TEST(scenario_mistakes("slo = [\"error_rate < 1%\"]").find("no duration of a single") !=
             std::string::npos);
  BOOST_TEST(scenario_mistakes("slo = []") ==
             "x.toml:2:7: 'slo' must not be empty; write slo = [\"ttft < 300ms\"]");
}
