// scenarios/schema/scenario_parser on mutated files: a scenario or a ScenarioError, nothing else.

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "scenarios/load/load_plan.hpp"
#include "scenarios/load/random.hpp"
#include "scenarios/schema/scenario_parser.hpp"

using namespace squall::scenarios;

namespace {

constexpr std::array<std::string_view, 47> fragments{"[",
                                                     "]",
                                                     "[[",
                                                     "{",
                                                     "}",
                                                     "=",
                                                     ".",
                                                     ",",
                                                     "\"",
                                                     "'",
                                                     "\"\"\"",
                                                     "'''",
                                                     "#",
                                                     "\n",
                                                     "\\",
                                                     "\\u0000",
                                                     "-",
                                                     "nan",
                                                     "inf",
                                                     "1e400",
                                                     "0x",
                                                     "0b1_",
                                                     "\xFF",
                                                     "\xC2\x85",
                                                     "ö",
                                                     "漢",
                                                     "\xE2\x80\x83",
                                                     "[users]\n",
                                                     "p99.9",
                                                     "300ms",
                                                     "-1",
                                                     "99999999",
                                                     "<",
                                                     "\r",
                                                     "a.b.c=",
                                                     "1979-05-27",
                                                     "9223372036854775808",
                                                     "1ms",
                                                     "720h",
                                                     "1000000",
                                                     "0.0001us",
                                                     "kind",
                                                     "simulated",
                                                     "stages",
                                                     "shape",
                                                     "[[categories]]\n",
                                                     "[trace]\n"};

std::vector<std::string> seeds() {
  std::vector<std::string> texts;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() == ".toml") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());  // the folder's own order differs between machines
  BOOST_REQUIRE(paths.size() >= 10);
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    BOOST_REQUIRE(file.is_open());
    texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return texts;
}

// What was accepted can also be planned and asked: no valid scenario runs into our own assertions.
void plan_a_little(const Scenario& scenario) {
  std::shared_ptr<Trace> trace;
  if (std::holds_alternative<TraceReplay>(scenario.load)) {
    trace = std::make_shared<Trace>();
    trace->entries.resize(2);
  }
  // The last of many agents, so that it stays cheap when a mutation has planned millions.
  const AgentShare share{999'999, 1'000'000};
  LoadPlan plan;
  plan.share = share;
  plan.stop = scenario.phases.warm_up + scenario.phases.measure;
  plan.trace = trace;
  if (std::holds_alternative<ClosedUsers>(scenario.load)) {
    plan = make_load_plan(scenario, share);
  } else {
    plan.share = {};
    const auto arrivals = arrivals_of(scenario, plan);
    for (int i = 0; i < 20; ++i) {
      const auto arrival = arrivals->next();
      if (!arrival) break;
      BOOST_REQUIRE(arrival->at.count() >= 0);
      BOOST_REQUIRE(arrival->at < plan.stop);
    }
  }
  for (std::uint64_t who = 0; who < 2; ++who) {
    const RequestPlan request = plan_request(scenario, {who, 0, 0}, trace.get());
    BOOST_REQUIRE(request.answer_tokens >= 1);
    BOOST_REQUIRE(request.think_time.count() >= 0);
  }
}

void mutate(std::string& text, Random& random) {
  const auto below = [&](std::size_t bound) {
    return random.next() % std::max<std::size_t>(1, bound);
  };
  const std::size_t at = below(text.size());
  const std::size_t length = below(std::min<std::size_t>(40, text.size() - at + 1));
  switch (random.next() % 6) {
    case 0:
      text[at] = static_cast<char>(random.next());
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(at, fragments[below(fragments.size())]);
      break;
    case 3:
      text.replace(at, length, fragments[below(fragments.size())]);
      break;
    case 4:
      text.insert(below(text.size()), text.substr(at, length));
      break;
    case 5:
      if (random.next() % 8 == 0) text.resize(at);
      break;
  }
  if (text.empty()) text = "x";
}

}  // namespace

BOOST_AUTO_TEST_CASE(mutated_files_give_a_scenario_or_an_explained_error) {
  const std::vector<std::string> originals = seeds();
  int accepted = 0, refused = 0;
  for (std::uint64_t round = 0; round < 20'000; ++round) {
    Random random(2026, 1, round);
    std::string text = originals[random.next() % originals.size()];
    for (std::uint64_t count = 1 + random.next() % 6; count > 0; --count) mutate(text, random);
    try {
      const Scenario scenario = parse_scenario(text, "fuzz.toml");
      ++accepted;
      BOOST_REQUIRE(!scenario.name.empty());
      BOOST_REQUIRE(scenario.phases.measure.count() > 0);
      plan_a_little(scenario);
    } catch (const ScenarioError& error) {
      ++refused;
      BOOST_REQUIRE(!error.mistakes().empty());
      for (const ScenarioMistake& mistake : error.mistakes()) {
        BOOST_REQUIRE(mistake.line >= 1);
        BOOST_REQUIRE(mistake.column >= 1);
        BOOST_REQUIRE(!mistake.message.empty());
      }
    } catch (const std::exception& error) {
      BOOST_FAIL("round " << round << " threw something else: " << error.what());
    }
  }
  // Both ends must have been reached, or the mutations are too tame or too wild to prove anything.
  BOOST_TEST(accepted > 1'000);
  BOOST_TEST(refused > 5'000);
}
