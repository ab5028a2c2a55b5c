#include "scenarios/datasets/json_array.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "scenarios/datasets/dataset_error.hpp"

using namespace squall::scenarios;

namespace {

std::vector<std::string> items_of(std::string_view text) {
  JsonArray array(text);
  std::vector<std::string> items;
  while (const auto item = array.next())
    items.emplace_back(text.substr(item->begin, item->end - item->begin));
  return items;
}

using Items = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(items_are_found_whatever_stands_between_them) {
  BOOST_TEST((items_of(R"([{"a":1},{"b":[2,3]}])") == Items{R"({"a":1})", R"({"b":[2,3]})"}));
  BOOST_TEST(
      (items_of(" [ 1 ,\r\n\"two\"\t, null,[] ] \n") == Items{"1", "\"two\"", "null", "[]"}));
  BOOST_TEST(items_of("[]").empty());
  BOOST_TEST(items_of(" [ \n ] ").empty());
}

BOOST_AUTO_TEST_CASE(brackets_commas_and_quotes_inside_strings_mean_nothing) {
  const Items items{R"({"a":"}],{[\"\\"})", R"(["\\\"]","x"])", R"("a,b]")"};
  BOOST_TEST((items_of("[" + items[0] + "," + items[1] + " , " + items[2] + "]") == items));
}

BOOST_AUTO_TEST_CASE(an_array_that_is_none_is_refused) {
  for (const char* text :
       {"", "  ", "{}", "[", "[1", "[1,", "[1 2]", "[1,]]", "[,1]", "[1]]", "[1] 2", "[{]}]",
        "[\"abc", "[\"abc\\\"]", "[{\"a\":1]", "[{\"a\":1}", "]", "[1}"})
    BOOST_CHECK_THROW(items_of(text), ItemMistake);
}

BOOST_AUTO_TEST_CASE(depth_is_limited) {
  const auto nested = [](std::size_t depth) {
    return "[" + std::string(depth, '[') + std::string(depth, ']') + "]";
  };
  BOOST_TEST(items_of(nested(DatasetLimits::json_depth)).size() == 1u);
  BOOST_CHECK_THROW(items_of(nested(DatasetLimits::json_depth + 1)), ItemMistake);
  BOOST_CHECK_THROW(items_of(std::string(10'000'000, '[')), ItemMistake);
}

BOOST_AUTO_TEST_CASE(an_item_larger_than_allowed_is_refused) {
  const auto with_text = [](std::size_t bytes) {
    return "[\"" + std::string(bytes - 2, 'x') + "\"]";
  };
  BOOST_TEST(items_of(with_text(DatasetLimits::item_bytes)).size() == 1u);
  BOOST_CHECK_THROW(items_of(with_text(DatasetLimits::item_bytes + 2)), ItemMistake);
}
