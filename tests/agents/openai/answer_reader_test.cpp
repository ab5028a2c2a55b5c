// What chunks say and what an answer's timeline is made of; the fast reader of chunks must say what
// the JSON library says.

#include "agents/targets/openai/answer_reader.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "scenarios/text/utf8.hpp"

using namespace squall;
using namespace squall::agents;
using actors::Instant;
using actors::RequestTimeline;

namespace {

Instant at(int microseconds) { return Instant(std::chrono::microseconds(microseconds)); }

std::string chat(const std::string& delta, const std::string& rest = "") {
  return R"({"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":)" +
         delta + R"(,"logprobs":null,"finish_reason":null}])" + rest + "}";
}
std::string word(const std::string& text) { return chat(R"({"content":")" + text + R"("})"); }
const std::string finish = R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";
std::string usage(int answer) {
  return R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":)" +
         std::to_string(answer) + R"(,"total_tokens":9}})";
}

struct Answer {
  RequestTimeline timeline;
  std::string failure;
  bool may_pass = false;
};
Answer read(const std::vector<std::string>& events, bool keep_text = false) {
  AnswerReader reader({.keep_text = keep_text, .this_host = "boot"});
  int now = 0;
  for (const auto& event : events) reader.take_event("", event, at(++now));
  Answer answer;
  if (const auto failed = reader.verdict()) {
    answer.failure = failed->reason;
    answer.may_pass = failed->may_pass;
  }
  reader.move_into(answer.timeline);
  return answer;
}

/// Both readers, which must agree where the fast one speaks at all.
AnswerChunk chunk_of(const std::string& json, bool plain = true) {
  AnswerChunk any, fast;
  BOOST_TEST(read_any_chunk(json, any), json);
  BOOST_TEST(read_plain_chunk(json, fast) == plain, json);
  if (plain) BOOST_TEST((fast == any), json);
  return any;
}

}  // namespace

BOOST_AUTO_TEST_CASE(content_is_found_where_servers_put_it) {
  BOOST_TEST(chunk_of(word("hi")).content == "hi");
  BOOST_TEST(chunk_of(R"({"choices":[{"text":" there","index":0}]})").content == " there");
  BOOST_TEST(chunk_of(chat(R"({"reasoning_content":"hm"})")).reasoning == "hm");
  BOOST_TEST(chunk_of(chat(R"({"reasoning":"hm","content":null})")).reasoning == "hm");
  const auto whole = chunk_of(
      R"({"choices":[{"message":{"role":"assistant","content":"all"},"finish_reason":"length"}],)"
      R"("usage":{"prompt_tokens":3,"completion_tokens":4}})");
  BOOST_TEST(whole.content == "all");
  BOOST_TEST(whole.finish_reason == "length");
  BOOST_TEST((whole.usage == TokenUsage{3, 4}));
}

BOOST_AUTO_TEST_CASE(escapes_become_characters) {
  BOOST_TEST(chunk_of(word(R"(a\"\\\/\b\f\n\r\t\u0041\u00e4\u20acz)")).content ==
             "a\"\\/\b\f\n\r\tA\u00e4\u20acz");
  BOOST_TEST(chunk_of(word(R"(\ud83d\ude00)"), false).content == "\U0001F600");
  BOOST_TEST(chunk_of(word("\u20ac")).content == "\u20ac");
}

BOOST_AUTO_TEST_CASE(what_is_not_known_or_of_another_kind_is_ignored) {
  BOOST_TEST((chunk_of(R"({"choices":[{"delta":{"content":[{"type":"text"}]}}]})", false) ==
              AnswerChunk{}));
  BOOST_TEST((chunk_of(R"({"choices":{},"usage":7})", false) == AnswerChunk{}));
  BOOST_TEST((chunk_of(R"({"choices":[5]})", false) == AnswerChunk{}));
  BOOST_TEST((chunk_of(R"({"usage":{"completion_tokens":-4}})", false) == AnswerChunk{}));
  BOOST_TEST((chunk_of(R"({"usage":{"completion_tokens":99999999999}})", false) == AnswerChunk{}));
  BOOST_TEST(
      (chunk_of(R"( {"a":[1,{"b":[]},-0.5,true,false,null,"x"],"usage":null} )") == AnswerChunk{}));
  BOOST_TEST(chunk_of(R"({"choices":[{"text":"a"},{"text":"b"}]})").content == "a");
}

BOOST_AUTO_TEST_CASE(what_is_no_json_object_is_told) {
  AnswerChunk chunk;
  for (const char* json : {"", "{", "[]", "7", "{\"a\":1,}", "{\"a\" 1}", "{\"a\":01}", "{} {}",
                           "{\"a\":\"\x01\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud83d\"}", "{a:1}",
                           "{\"choices\":[{\"text\":\"x\"}]", "nul"})
    BOOST_TEST(!read_answer_chunk(json, chunk), json);
}

BOOST_AUTO_TEST_CASE(the_fast_reader_says_what_the_library_says_of_any_text) {
  std::mt19937 chance(4);
  const std::vector<std::string> seeds{
      word("hi"),
      word(R"(\u00e4\n)"),
      finish,
      usage(4),
      chat(R"({"role":"assistant","content":""})"),
      R"({"choices":[{"text":"x","index":0,"logprobs":{"a":[1.5,-2]}}],"squall":{"t":123,"boot":"h"}})",
      R"({"error":{"message":"m","type":"server_error","code":500}})",
      R"({"choices":[{"message":{"content":"a","reasoning":"b"},"finish_reason":"stop"}]})"};
  const std::string letters = "{}[]:,\"\\ 0123456789eE.-+ntfuabx\n";
  std::uniform_int_distribution<std::size_t> any;
  int spoke = 0;
  for (int round = 0; round < 60000; ++round) {
    std::string text = seeds[any(chance) % seeds.size()];
    for (auto edits = any(chance) % 4; edits > 0 && !text.empty(); --edits) {
      const auto place = any(chance) % text.size();
      const char letter = letters[any(chance) % letters.size()];
      switch (any(chance) % 4) {
        case 0:
          text[place] = letter;
          break;
        case 1:
          text.insert(place, 1, letter);
          break;
        case 2:
          text.erase(place, 1 + any(chance) % 8);
          break;
        default:
          text.insert(place, text.substr(any(chance) % text.size(), any(chance) % 30));
      }
    }
    AnswerChunk fast, exact;
    if (!read_plain_chunk(text, fast)) continue;
    ++spoke;
    BOOST_REQUIRE_MESSAGE(read_any_chunk(text, exact), text);
    BOOST_REQUIRE_MESSAGE((fast == exact), text);
  }
  BOOST_TEST(spoke > 10000);
}

BOOST_AUTO_TEST_CASE(utf8_is_told_from_other_bytes) {
  for (const char* good : {"", "plain text, longer than eight", "\u00e4\u20ac\U0001F600",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"})
    BOOST_TEST(scenarios::is_utf8(good));
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80",
                          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82",
                          "\xF0\x9F\x98", "12345678\xFF", "\xE2\x28\xA1"})
    BOOST_TEST(!scenarios::is_utf8(bad));
}

BOOST_AUTO_TEST_CASE(a_stamp_is_kept_for_each_content_chunk_and_none_for_a_role) {
  const Answer answer = read({chat(R"({"role":"assistant","content":""})"), word("a"), word("b"),
                              word("c"), finish, usage(3), "[DONE]"},
                             true);
  BOOST_TEST(answer.failure == "");
  BOOST_TEST((answer.timeline.content == std::vector<Instant>{at(2), at(3), at(4)}));
  BOOST_TEST((answer.timeline.first_output == at(2)));
  BOOST_TEST(answer.timeline.output_tokens == 3u);
  BOOST_TEST(answer.timeline.prompt_tokens == 7u);
  BOOST_TEST(!answer.timeline.tokens_disputed);
  BOOST_TEST(answer.timeline.answer == "abc");
}

BOOST_AUTO_TEST_CASE(reasoning_is_content_but_not_output) {
  const Answer answer = read({chat(R"({"reasoning_content":"hm"})"), word("a"), finish}, true);
  BOOST_TEST(answer.timeline.content.size() == 2u);
  BOOST_TEST((answer.timeline.first_output == at(2)));
  BOOST_TEST(answer.timeline.answer == "a");
}

BOOST_AUTO_TEST_CASE(the_servers_count_is_believed_and_a_large_difference_flagged) {
  const auto with_usage = [](int chunks, int counted) {
    std::vector<std::string> events(static_cast<std::size_t>(chunks), word("x"));
    events.push_back(finish);
    if (counted >= 0) events.push_back(usage(counted));
    return read(events).timeline;
  };
  BOOST_TEST(with_usage(10, 30).output_tokens == 30u);
  BOOST_TEST(with_usage(10, 30).tokens_disputed);
  BOOST_TEST(with_usage(30, 10).tokens_disputed);
  BOOST_TEST(!with_usage(4, 5).tokens_disputed);  // the end token has no text
  BOOST_TEST(!with_usage(90, 99).tokens_disputed);
  BOOST_TEST(with_usage(10, -1).output_tokens == 10u);
  BOOST_TEST(!with_usage(10, -1).tokens_disputed);
}

BOOST_AUTO_TEST_CASE(an_answer_must_say_that_it_ended) {
  BOOST_TEST(read({word("a")}).failure == "answer ended early");
  BOOST_TEST(read({word("a")}).may_pass);
  BOOST_TEST(read({}).failure == "answer ended early");
  BOOST_TEST(read({word("a"), finish}).failure == "");
  BOOST_TEST(read({word("a"), "[DONE]"}).failure == "");
}

BOOST_AUTO_TEST_CASE(what_follows_the_end_changes_nothing) {
  const Answer answer = read({word("a"), "[DONE]", word("b"), "garbage"});
  BOOST_TEST(answer.failure == "");
  BOOST_TEST(answer.timeline.content.size() == 1u);
}

BOOST_AUTO_TEST_CASE(errors_inside_a_stream_are_classes_of_few_words) {
  const auto failure = [](const std::string& event) { return read({word("a"), event}).failure; };
  BOOST_TEST(failure("{oops") == "invalid JSON in event");
  BOOST_TEST(failure("\xFF{}") == "invalid UTF-8 in event");
  BOOST_TEST(failure(word("\xC3")) == "invalid UTF-8 in event");
  BOOST_TEST(failure(R"({"error":{"message":"out of memory at 0x5512","type":"server_error"}})") ==
             "error in the stream: server_error");
  BOOST_TEST(failure(R"({"error":{"message":"m","type":"two words","code":503}})") ==
             "error in the stream: 503");
  BOOST_TEST(failure(R"({"error":"a sentence"})") == "error in the stream");
  BOOST_TEST(failure(R"({"object":"error","message":"m","type":"BadRequestError"})") ==
             "error in the stream: BadRequestError");
  BOOST_TEST(read({R"({"error":{"type":"overloaded_error"}})"}).may_pass);
  BOOST_TEST(!read({R"({"error":{"type":"invalid_request_error"}})"}).may_pass);
}

BOOST_AUTO_TEST_CASE(an_event_named_error_is_one) {
  AnswerReader reader({});
  reader.take_event("error", R"({"message":"m"})", at(1));
  BOOST_TEST(reader.ended());
  BOOST_TEST(reader.verdict()->reason == "error in the stream");
}

BOOST_AUTO_TEST_CASE(server_stamps_count_when_every_chunk_has_one_of_this_machines_clock) {
  const auto stamped = [](int t, const std::string& host) {
    return chat(R"({"content":"a"})",
                R"(,"squall":{"t":)" + std::to_string(t * 1000) + R"(,"boot":")" + host + R"("})");
  };
  BOOST_TEST((read({stamped(0, "boot"), stamped(1, "boot"), finish}).timeline.server_content ==
              std::vector<Instant>{at(0), at(1)}));
  BOOST_TEST(read({stamped(0, "boot"), word("b"), finish}).timeline.server_content.empty());
  BOOST_TEST(read({stamped(0, "boot"), stamped(1, "other")}).timeline.server_content.empty());
  BOOST_TEST(read({stamped(0, "boot"), stamped(9, "boot")}).timeline.server_content.empty());
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_not_streamed_is_one_chunk) {
  AnswerReader reader({.keep_text = true, .this_host = ""});
  reader.take_body(R"({"choices":[{"text":"hello","finish_reason":"stop"}],)"
                   R"("usage":{"prompt_tokens":2,"completion_tokens":12}})",
                   at(9));
  BOOST_TEST(!reader.verdict().has_value());
  RequestTimeline timeline;
  reader.move_into(timeline);
  BOOST_TEST((timeline.content == std::vector<Instant>{at(9)}));
  BOOST_TEST(timeline.output_tokens == 12u);
  BOOST_TEST(!timeline.tokens_disputed);
  BOOST_TEST(timeline.answer == "hello");

  AnswerReader empty({});
  empty.take_body("{}", at(1));
  BOOST_TEST(empty.verdict()->reason == "no answer in the body");
}
