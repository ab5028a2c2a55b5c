// scenarios/schema/scenario_parser on mutated files: a scenario or a ScenarioError, nothing else.

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "scenarios/load/random.hpp"
#include "scenarios/schema/scenario_parser.hpp"

using namespace squall::scenarios;

namespace {

constexpr std::array<std::string_view, 37> fragments{"[",
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
                                                     "9223372036854775808"};

std::vector<std::string> seeds() {
  std::vector<std::string> texts;
  for (const char* path :
       {"scenarios/smoke.toml", "scenarios/steady_chat.toml", "scenarios/poisson_arrivals.toml"}) {
    std::ifstream file(path, std::ios::binary);
    BOOST_REQUIRE(file.is_open());
    texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return texts;
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
