// The parser of server-sent events: the standard's rules, any pieces, limits.

#include "agents/targets/openai/event_stream_parser.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/fuzz/event_stream_checks.hpp"

using namespace squall;
using agents::EventStreamParser;
using fixtures::parse_in_pieces;
using fixtures::ParsedStream;

namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

Events events_of(std::string_view stream) {
  return parse_in_pieces(stream, {}, [](std::size_t all) { return all; }).events;
}

std::vector<std::string> data_of(std::string_view stream) {
  std::vector<std::string> data;
  for (auto& event : events_of(stream)) data.push_back(event.second);
  return data;
}

using Texts = std::vector<std::string>;

/// Pieces that matter to the rules, in any order.
std::string random_stream(std::mt19937& chance) {
  static const Texts pieces{"data: ",
                            "data:",
                            "data",
                            "event: x",
                            "id: 7",
                            ": comment",
                            ":",
                            "\n",
                            "\n\n",
                            "\r\n",
                            "\r\n\r\n",
                            "\r",
                            "\r\r",
                            " ",
                            "{\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}",
                            "[DONE]",
                            "\xEF\xBB\xBF",
                            "\xE2\x82\xAC",
                            "\xFF",
                            std::string(1, '\0'),
                            "retry: 10",
                            "text",
                            "dat"};
  std::string stream;
  const auto count = std::uniform_int_distribution<int>(0, 40)(chance);
  for (int i = 0; i < count; ++i)
    stream += pieces[std::uniform_int_distribution<std::size_t>(0, pieces.size() - 1)(chance)];
  return stream;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_event_is_its_data_lines_up_to_a_blank_line) {
  BOOST_TEST(data_of("data: one\n\ndata: two\n\n") == (Texts{"one", "two"}));
  BOOST_TEST(data_of("data: one\ndata: two\n\n") == Texts{"one\ntwo"});
  BOOST_TEST(data_of("data\n\n") == Texts{""});
  BOOST_TEST(data_of("data:\ndata\n\n") == Texts{"\n"});
  BOOST_TEST(data_of("data:  kept \n\n") == Texts{" kept "});
}

BOOST_AUTO_TEST_CASE(lines_end_in_any_of_three_ways) {
  BOOST_TEST(data_of("data: a\r\rdata: b\r\n\r\ndata: c\n\n") == (Texts{"a", "b", "c"}));
  BOOST_TEST(data_of("data: a\r\ndata: b\r\r\n") == Texts{"a\nb"});
}

BOOST_AUTO_TEST_CASE(a_carriage_return_ends_its_line_at_once) {
  EventStreamParser parser;
  agents::ServerSentEvent event;
  parser.feed("data: a\r\r");
  BOOST_TEST((parser.next(event) == EventStreamParser::Step::event));
  BOOST_TEST(event.data == "a");
  BOOST_TEST((parser.next(event) == EventStreamParser::Step::need_more));
  parser.feed("\ndata: b\n\n");
  BOOST_TEST((parser.next(event) == EventStreamParser::Step::event));
  BOOST_TEST(event.data == "b");
}

BOOST_AUTO_TEST_CASE(comments_other_fields_and_a_byte_order_mark_are_no_data) {
  BOOST_TEST(data_of("\xEF\xBB\xBF"
                     "data: a\n: keep-alive\n\n:\n\nid: 4\nretry: 5\n\ndata: b\n\n") ==
             (Texts{"a", "b"}));
  BOOST_TEST(data_of("data: a\n\n\xEF\xBB\xBF"
                     "data: b\n\n") == Texts{"a"});
}

BOOST_AUTO_TEST_CASE(the_type_belongs_to_one_event) {
  const Events expected{{"error", "a"}, {"", "b"}};
  BOOST_TEST((events_of("event: error\ndata: a\n\ndata: b\n\n") == expected));
  const Events forgotten{{"", "b"}};
  BOOST_TEST((events_of("event: lost\n\ndata: b\n\n") == forgotten));
}

BOOST_AUTO_TEST_CASE(an_unfinished_event_is_not_told) {
  BOOST_TEST(data_of("data: whole\n\ndata: half\n") == Texts{"whole"});
  BOOST_TEST(data_of("data: half").empty());
}

BOOST_AUTO_TEST_CASE(a_whole_event_is_not_copied) {
  const std::string input = "data: here\n\n";
  EventStreamParser parser;
  agents::ServerSentEvent event;
  parser.feed(input);
  BOOST_TEST((parser.next(event) == EventStreamParser::Step::event));
  BOOST_TEST((event.data.data() == input.data() + 6));
}

BOOST_AUTO_TEST_CASE(lines_and_events_beyond_the_limits_are_refused_and_nothing_follows) {
  const EventStreamParser::Limits limits{.line_bytes = 16, .event_bytes = 20};
  const auto all = [](std::size_t size) { return size; };
  BOOST_TEST(!parse_in_pieces("data: 0123456789\n\n", limits, all).too_large);
  BOOST_TEST(parse_in_pieces("data: 0123456789A\n\n", limits, all).too_large);
  BOOST_TEST(parse_in_pieces(std::string(17, 'x'), limits, all).too_large);
  BOOST_TEST(parse_in_pieces("data: 0123456789\ndata: 0123456789\n\n", limits, all).too_large);
  const auto parsed =
      parse_in_pieces("data: a\n\n" + std::string(17, 'x') + "\ndata: b\n\n", limits, all);
  BOOST_TEST(parsed.events.size() == 1u);
  BOOST_TEST(parsed.too_large);
}

BOOST_AUTO_TEST_CASE(any_pieces_of_the_same_bytes_give_the_same_events) {
  std::mt19937 chance(20);
  for (int round = 0; round < 3000; ++round) {
    const std::string stream = random_stream(chance);
    const auto any = [&chance](std::size_t rest) {
      return std::uniform_int_distribution<std::size_t>(1, std::min<std::size_t>(rest, 9))(chance);
    };
    const ParsedStream expected = fixtures::parse_by_the_book(stream);
    BOOST_REQUIRE((parse_in_pieces(stream, {}, [](std::size_t all) { return all; }) == expected));
    BOOST_REQUIRE((parse_in_pieces(stream, {}, [](std::size_t) { return 1; }) == expected));
    BOOST_REQUIRE((parse_in_pieces(stream, {}, any) == expected));
    fixtures::check_event_stream("s" + stream);
  }
}
