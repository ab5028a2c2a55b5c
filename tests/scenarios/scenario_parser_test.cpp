// scenarios/schema/scenario_parser: valid files, and the ready-made ones.

#include "scenarios/schema/scenario_parser.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "scenarios/load/load_plan.hpp"

using namespace squall::scenarios;
using namespace std::chrono_literals;

namespace {

constexpr const char* everything = R"(
name = "all keys"
description = "Every key once"
seed = 9223372036854775807
thresholds = ["ttft p95 < 300ms", "error_rate < 1%"]

[target]
kind = "engine"
model = "models/small.gguf"
model_choice = "prefer-real"
fallback = "synthetic:llama-15m/q4_0"
sources = ["https://models.example/small.gguf", "http://mirror.example/small.gguf"]
sha256 = "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"
device = "cpu"
threads = 3
max_batch = 8
prefill_chunk = 256
kv_format = "q8_0"
kv_memory = "1.5GiB"
reuse_prefixes = false
timeout = "45s"
temperature = 0.7
top_k = 40
top_p = 0.95
min_p = 0.05
repetition_penalty = 1.1
stop_at_end_token = true

[users]
count = 12
ramp = "2s"
think_time = { distribution = "exponential", mean = "500ms", min = "10ms", max = "5s" }

[prompts]
tokens = { distribution = "lognormal", mean = 64, deviation = 32.5, min = 8, max = 256 }

[answers]
tokens = { distribution = "uniform", min = 4, max = 20 }

[phases]
warm_up = "1.5s"
measure = "1m"
drain = "0s"
)";

constexpr const char* smallest = "name = 'x'\n[target]\nmodel = 'm'\n[users]\n";

Scenario with(const std::string& rest) {
  return parse_scenario("name = 'x'\n[target]\nmodel = 'm'\n" + rest, "test.toml");
}

Distribution answers(const std::string& tokens) {
  return with("[users]\n[answers]\ntokens = " + tokens).categories.front().answer_tokens;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  BOOST_REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_key_arrives_in_its_field) {
  using Shape = Distribution::Shape;
  const Scenario scenario = parse_scenario(everything, "all.toml");
  BOOST_TEST(scenario.name == "all keys");
  BOOST_TEST(scenario.description == "Every key once");
  BOOST_TEST(scenario.seed == 9223372036854775807u);
  BOOST_REQUIRE(scenario.thresholds.size() == 2);
  BOOST_TEST(scenario.thresholds[1].text == "error_rate < 1%");

  BOOST_TEST(scenario.target.model == "models/small.gguf");
  BOOST_TEST((scenario.target.model_choice == ModelChoice::prefer_real));
  BOOST_TEST(scenario.target.fallback == "synthetic:llama-15m/q4_0");
  BOOST_TEST(
      (scenario.target.sources == std::vector<std::string>{"https://models.example/small.gguf",
                                                           "http://mirror.example/small.gguf"}));
  BOOST_TEST(scenario.target.sha256 ==
             "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
  BOOST_TEST((scenario.target.device == Device::cpu));
  BOOST_TEST(scenario.target.threads == 3u);
  BOOST_TEST(scenario.target.max_batch == 8u);
  BOOST_TEST(scenario.target.prefill_chunk == 256u);
  BOOST_TEST((scenario.target.kv_format == KvFormat::q8_0));
  BOOST_TEST(scenario.target.kv_memory == 1536ull << 20);
  BOOST_TEST(!scenario.target.reuse_prefixes);
  BOOST_TEST((scenario.target.timeout == 45s));
  BOOST_TEST(scenario.target.temperature == 0.7);
  BOOST_TEST(scenario.target.top_k == 40u);
  BOOST_TEST(scenario.target.top_p == 0.95);
  BOOST_TEST(scenario.target.min_p == 0.05);
  BOOST_TEST(scenario.target.repetition_penalty == 1.1);
  BOOST_TEST(scenario.target.stop_at_end_token);

  const auto& users = std::get<ClosedUsers>(scenario.load);
  BOOST_TEST((users.count == LoadShape({{2s, 0, 12}, {0s, 12, 12}})));
  BOOST_TEST((users.think_time == Distribution{Shape::exponential, 0.5, 0, 0.01, 5}));
  const auto& prompts = std::get<SyntheticPrompts>(scenario.categories.front().prompts);
  BOOST_TEST((prompts.tokens == Distribution{Shape::lognormal, 64, 32.5, 8, 256}));
  BOOST_TEST(
      (scenario.categories.front().answer_tokens == Distribution{Shape::uniform, 12, 0, 4, 20}));
  BOOST_TEST((scenario.phases.warm_up == 1500ms));
  BOOST_TEST((scenario.phases.measure == 60s));
  BOOST_TEST((scenario.phases.drain == 0s));
}

BOOST_AUTO_TEST_CASE(what_is_left_out_has_its_default) {
  const Scenario scenario = parse_scenario(smallest, "small.toml");
  BOOST_TEST(scenario.description == "");
  BOOST_TEST(scenario.seed == 1u);
  BOOST_TEST(scenario.thresholds.empty());
  BOOST_TEST(!scenario.target.model_choice.has_value());
  BOOST_TEST(scenario.target.fallback == "synthetic:llama-15m/q8_0");
  BOOST_TEST(scenario.target.sources.empty());
  BOOST_TEST(scenario.target.sha256.empty());
  BOOST_TEST((scenario.target.device == Device::automatic));
  BOOST_TEST(scenario.target.threads == 0u);
  BOOST_TEST(scenario.target.max_batch == 64u);
  BOOST_TEST(scenario.target.prefill_chunk == 128u);
  BOOST_TEST((scenario.target.kv_format == KvFormat::f16));
  BOOST_TEST(scenario.target.kv_memory == 0u);
  BOOST_TEST(scenario.target.reuse_prefixes);
  BOOST_TEST((scenario.target.timeout == 60s));
  BOOST_TEST(scenario.target.temperature == 0.0);
  BOOST_TEST(scenario.target.top_k == 0u);
  BOOST_TEST(scenario.target.top_p == 1.0);
  BOOST_TEST(scenario.target.min_p == 0.0);
  BOOST_TEST(scenario.target.repetition_penalty == 1.0);
  BOOST_TEST(!scenario.target.stop_at_end_token);
  const auto& users = std::get<ClosedUsers>(scenario.load);
  BOOST_TEST((users.count == LoadShape::constant(1)));
  BOOST_TEST((users.think_time == Distribution::constant(0)));
  BOOST_TEST((std::get<SyntheticPrompts>(scenario.categories.front().prompts).tokens ==
              Distribution::constant(32)));
  BOOST_TEST((scenario.categories.front().answer_tokens == Distribution::constant(32)));
  BOOST_TEST((scenario.phases.warm_up == 0s));
  BOOST_TEST((scenario.phases.measure == 30s));
  BOOST_TEST((scenario.phases.drain == 10s));
}

BOOST_AUTO_TEST_CASE(open_arrivals_are_read) {
  const auto load = [](const char* table) { return std::get<OpenArrivals>(with(table).load); };
  BOOST_TEST((load("[arrivals]\nrate = 5").process == OpenArrivals::Process::poisson));
  BOOST_TEST((load("[arrivals]\nrate = 5").rate == LoadShape::constant(5)));
  const OpenArrivals constant = load("[arrivals]\nprocess = 'constant'\nrate = 0.25");
  BOOST_TEST((constant.process == OpenArrivals::Process::constant));
  BOOST_TEST((constant.rate == LoadShape::constant(0.25)));
}

BOOST_AUTO_TEST_CASE(prompts_may_come_from_a_file) {
  const Scenario scenario = with("[users]\n[prompts]\nfile = 'prompts/questions.txt'");
  BOOST_TEST(std::get<PromptsFromFile>(scenario.categories.front().prompts).file ==
             "prompts/questions.txt");
}

BOOST_AUTO_TEST_CASE(every_distribution_is_read) {
  using Shape = Distribution::Shape;
  BOOST_TEST((answers("7") == Distribution::constant(7)));
  BOOST_TEST((answers("{distribution = 'constant', value = 7}") == Distribution::constant(7)));
  BOOST_TEST((answers("{distribution = 'normal', mean = 9, deviation = 2}") ==
              Distribution{Shape::normal, 9, 2, 1, 100'000}));
  BOOST_TEST((answers("{distribution = 'lognormal', mean = 9.5, deviation = 0, max = 20}") ==
              Distribution{Shape::lognormal, 9.5, 0, 1, 20}));
  BOOST_TEST((answers("{distribution = 'exponential', mean = 9, min = 2}") ==
              Distribution{Shape::exponential, 9, 0, 2, 100'000}));
}

BOOST_AUTO_TEST_CASE(a_distribution_may_be_a_table_of_its_own) {
  const Scenario scenario =
      with("[users]\n[users.think_time]\ndistribution = 'normal'\nmean = '2s'\ndeviation = '1s'\n");
  BOOST_TEST((std::get<ClosedUsers>(scenario.load).think_time ==
              Distribution{Distribution::Shape::normal, 2, 1, 0, 3600}));
}

BOOST_AUTO_TEST_CASE(windows_line_ends_and_a_byte_order_mark_are_accepted) {
  const Scenario scenario = parse_scenario(
      "\xEF\xBB\xBFname = 'x'\r\n[target]\r\nmodel = 'm'\r\n[users]\r\n", "windows.toml");
  BOOST_TEST(scenario.name == "x");
}

BOOST_AUTO_TEST_CASE(every_ready_made_scenario_is_valid_and_plans_a_load) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".toml") continue;
    BOOST_TEST_CONTEXT(entry.path().string()) {
      ++found;
      const std::string text = content_of(entry.path());
      BOOST_TEST(text.starts_with("# "), "it must open with the question that it answers");
      BOOST_TEST(text.substr(0, text.find("\nname")).find('?') != std::string::npos);
      const Scenario scenario = parse_scenario(text, entry.path().string());
      BOOST_TEST(!scenario.description.empty());
      BOOST_TEST(!scenario.thresholds.empty());
      std::shared_ptr<Trace> trace;
      if (std::holds_alternative<TraceReplay>(scenario.load)) {
        trace = std::make_shared<Trace>();
        trace->entries.resize(3);
      }
      const LoadPlan plan = make_load_plan(scenario, {}, trace);
      BOOST_TEST(plan.users.size() + plan.arrivals > 0);
    }
  }
  BOOST_TEST(found >= 10);
}

BOOST_AUTO_TEST_CASE(the_smoke_scenario_is_short_and_needs_no_download) {
  const Scenario scenario = parse_scenario(content_of("scenarios/smoke.toml"), "smoke.toml");
  const Phases& phases = scenario.phases;
  BOOST_TEST((phases.warm_up + phases.measure + phases.drain < 25s));
  BOOST_TEST(scenario.target.model.starts_with("synthetic:"));
}

BOOST_AUTO_TEST_CASE(the_scenario_of_the_reference_and_of_the_readme_are_valid) {
  for (const char* path : {"docs/scenarios.md", "scenarios/README.md"}) {
    BOOST_TEST_CONTEXT(path) {
      const std::string page = content_of(path);
      const std::string opening = "```toml\n";
      int found = 0;
      for (auto at = page.find(opening); at != std::string::npos; at = page.find(opening, at + 1)) {
        const auto start = at + opening.size();
        const std::string example = page.substr(start, page.find("```", start) - start);
        if (example.find("[target]") == std::string::npos) continue;
        ++found;
        BOOST_TEST(!parse_scenario(example, path).name.empty());
      }
      BOOST_TEST(found >= (std::string(path).starts_with("docs") ? 3 : 1));
    }
  }
}
