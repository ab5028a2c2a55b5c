// scenarios/schema/nearest_name and metric: the names and how messages speak of them.

#include "scenarios/schema/nearest_name.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <string>

#include "scenarios/schema/metric.hpp"

using namespace squall::scenarios;

namespace {

constexpr std::array<std::string_view, 6> names{"model",   "device",    "threads",
                                                "timeout", "max_batch", "temperature"};

}  // namespace

BOOST_AUTO_TEST_CASE(one_typing_error_finds_its_name) {
  BOOST_TEST(nearest("modle", names) == "model");    // swapped
  BOOST_TEST(nearest("mode", names) == "model");     // left out
  BOOST_TEST(nearest("modell", names) == "model");   // added
  BOOST_TEST(nearest("devise", names) == "device");  // replaced
  BOOST_TEST(nearest("maxbatch", names) == "max_batch");
  BOOST_TEST(nearest("Model", names) == "model");  // case does not count
  BOOST_TEST(nearest("temprature", names) == "temperature");
  BOOST_TEST(nearest("model", names) == "model");
}

BOOST_AUTO_TEST_CASE(far_words_find_no_name) {
  for (const char* word : {"", "x", "zebra", "colour", "concurrency"}) {
    BOOST_TEST(nearest(word, names) == "", word);
  }
  BOOST_TEST(nearest(std::string(1'000'000, 'm'), names) == "");
  BOOST_TEST(nearest("model", {}) == "");
}

BOOST_AUTO_TEST_CASE(of_equally_near_names_the_first_is_taken) {
  constexpr std::array<std::string_view, 2> twins{"ttfa", "ttfc"};
  BOOST_TEST(nearest("ttfb", twins) == "ttfa");
}

BOOST_AUTO_TEST_CASE(messages_name_the_nearest_or_all) {
  constexpr std::array<std::string_view, 2> devices{"auto", "cpu"};
  BOOST_TEST(nearest_or_all("gpu", devices, "devices") == "; did you mean 'cpu'?");
  BOOST_TEST(nearest_or_all("quantum", devices, "devices") == "; known devices: auto, cpu");
}

BOOST_AUTO_TEST_CASE(quoted_text_is_harmless_to_a_terminal) {
  BOOST_TEST(quoted("a\x1b[31mb\n\x7f") == "'a\\x1b[31mb\\x0a\\x7f'");
  BOOST_TEST(quoted("a\xC2\x9B"
                    "b") == "'a\\x9bb'");  // the one-character form of ESC [
  BOOST_TEST(quoted("größe") == "'größe'");
}

BOOST_AUTO_TEST_CASE(long_text_is_cut_between_letters) {
  BOOST_TEST(visible(std::string(100, 'a'), 10) == "aaaaaaaaaa…");
  BOOST_TEST(visible("aaaaaaaaaé and more", 10) == "aaaaaaaaa…");
}

BOOST_AUTO_TEST_CASE(every_metric_is_found_by_its_name) {
  for (const MetricDescription& description : metric_table) {
    BOOST_REQUIRE(find_metric(description.name).has_value());
    BOOST_TEST((*find_metric(description.name) == description.metric));
    BOOST_TEST(describe(description.metric).name == description.name);
  }
  BOOST_TEST(!find_metric("ttfb").has_value());
  BOOST_TEST(!find_metric("TTFT").has_value());
  BOOST_TEST(!find_metric("").has_value());
}
