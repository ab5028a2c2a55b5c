// Laws as files: written and read again; what is wrong in one is named with its place.

#include "coordinator/fleet/law_file.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/coordinator/fleet/fleet_fixture.hpp"

using namespace squall::coordinator;
using namespace squall::tests;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string complaint_about(const std::string& json) {
  try {
    parse_law(json, "law.json");
  } catch (const LawError& error) {
    return error.what();
  }
  return "";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto place = text.find(from);
  BOOST_REQUIRE(place != std::string::npos);
  return text.replace(place, from.size(), to);
}

std::string measured_steps(int count) {
  std::string steps;
  for (int i = 1; i <= count; ++i)
    steps += std::string(i > 1 ? "," : "") + "{\"decoding\": " + std::to_string(i) +
             ", \"prompt_tokens\": 0, \"prompts_done\": 0, \"decode_positions\": " +
             std::to_string(i * 20) +
             ", \"prompt_positions\": 0, \"seconds\": " + std::to_string(0.002 + 0.001 * i) +
             ", \"times\": 5}";
  return "{\"schema\": \"squall-engine-steps/1\", \"model\": \"m\", \"threads\": 2, \"limits\": "
         "{\"max_batch\": 32, \"pages\": 100}, \"steps\": [" +
         steps + "]}";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_law_is_read_as_it_was_written) {
  EngineLaw law = rich_law();
  law.backend = "avx2";
  law.fingerprint = "abc";
  law.threads = 3;
  law.synthetic_weights = true;
  law.limits = {.max_batch = 7,
                .first_batch = 3,
                .prefill_chunk = 99,
                .pages = 12,
                .page_positions = 16,
                .page_bytes = 4096,
                .context = 512,
                .reuse_prefixes = false};
  const LawFile read = parse_law(law_json(law), "law.json");
  BOOST_TEST((read.law == law));
  BOOST_TEST(read.steps.empty());
  BOOST_TEST(!read.residuals.has_value());
}

BOOST_AUTO_TEST_CASE(measured_steps_become_a_law) {
  const LawFile read = parse_law(measured_steps(12), "steps.json");
  BOOST_TEST(read.steps.size() == 12U);
  BOOST_TEST(read.steps.front().times == 5U);
  BOOST_TEST(read.steps.front().lowest == read.steps.front().seconds);
  BOOST_TEST(read.law.model == "m");
  BOOST_TEST(read.law.limits.max_batch == 32U);
  BOOST_TEST(read.law.limits.pages == 100U);
  BOOST_TEST(read.law.limits.prefill_chunk == 128U);  // not said: as an engine has it
  BOOST_TEST(read.law.seconds({.decoding = 6, .decode_positions = 120}) == 0.008,
             boost::test_tools::tolerance(1e-6));
  BOOST_REQUIRE(read.residuals.has_value());
  BOOST_TEST(read.residuals->largest < 1e-6);
}

BOOST_AUTO_TEST_CASE(mistakes_in_a_law_are_named) {
  const std::string good = law_json(rich_law());
  BOOST_TEST(complaint_about(good) == "");
  BOOST_TEST(contains(complaint_about("no json"), "law.json is no JSON"));
  BOOST_TEST(contains(complaint_about("[]"), "law.json must be an object"));
  BOOST_TEST(contains(complaint_about("{}"), "squall model bench MODEL --steps FILE"));
  BOOST_TEST(contains(complaint_about(replaced(good, "\"per_step\": 0.002", "\"per_step\": 0")),
                      "\"per_step\" must be above 0"));
  BOOST_TEST(contains(complaint_about(replaced(good, "\"per_step\": 0.002", "\"per_step\": -1")),
                      "\"per_step\" must be a number from 0"));
  BOOST_TEST(contains(complaint_about(replaced(good, "\"per_step\"", "\"per_stop\"")),
                      "lacks \"per_step\""));
  BOOST_TEST(contains(complaint_about(replaced(good, "\"max_batch\": 64", "\"max_batch\": 0")),
                      "\"max_batch\" must be a whole number of at least 1"));
  BOOST_TEST(contains(complaint_about(replaced(good, "\"max_batch\": 64", "\"max_batch\": 1.5")),
                      "\"max_batch\" must be a whole number"));
  BOOST_TEST(contains(complaint_about(replaced(good, "\"from\": 8", "\"from\": 1")), "ascending"));
  BOOST_TEST(
      contains(complaint_about(replaced(good, "\"reuse_prefixes\": true", "\"reuse_prefixes\": 1")),
               "must be true or false"));
}

BOOST_AUTO_TEST_CASE(mistakes_in_measured_steps_are_named) {
  BOOST_TEST(contains(complaint_about(measured_steps(7)), "at least 8 different measured steps"));
  const std::string good = measured_steps(9);
  BOOST_TEST(contains(complaint_about(replaced(good, "\"decoding\": 3", "\"decoding\": 0")),
                      "law.json: step 3 must compute something"));
  BOOST_TEST(contains(complaint_about(replaced(good, "\"decoding\": 3", "\"decoding\": \"3\"")),
                      "law.json: step 3: \"decoding\" must be a number"));
  BOOST_TEST(contains(complaint_about(replaced(good, "\"steps\": [", "\"steps\": 5, \"x\": [")),
                      "\"steps\" must be a list"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_is_named_with_the_remedy) {
  try {
    read_law("/nowhere/law.json");
    BOOST_ERROR("it was read");
  } catch (const LawError& error) {
    BOOST_TEST(contains(error.what(), "/nowhere/law.json"));
    BOOST_TEST(contains(error.what(), "squall model bench"));
  }
}
