// What bodies of requests are taken, and what is said about those that are not.

#include "agents/serve/api_request.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "agents/serve/api_error.hpp"

using namespace squall::agents;

namespace {

/// The error that a completion request with these fields beside the prompt meets.
ApiError error_of_body(const std::string& body) {
  try {
    parse_completion_request(body);
  } catch (const ApiError& error) {
    return error;
  }
  BOOST_FAIL("taken: " << body);
  return {"", {}};
}

ApiError error_of(const std::string& fields) {
  return error_of_body(R"({"prompt": "a", )" + fields + "}");
}

ApiError error_of_messages(const std::string& messages) {
  try {
    parse_chat_request(R"({"messages": )" + messages + "}");
  } catch (const ApiError& error) {
    return error;
  }
  BOOST_FAIL("taken: " << messages);
  return {"", {}};
}

CompletionRequest completion(const std::string& fields) {
  return parse_completion_request(R"({"prompt": "a")" + fields + "}");
}

bool says(const ApiError& error, const std::string& part) {
  BOOST_TEST_MESSAGE(error.what());
  return std::string(error.what()).find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_bare_prompt_has_the_usual_options) {
  const auto request = completion("");
  BOOST_TEST(std::get<std::string>(request.prompt) == "a");
  BOOST_TEST(request.options.model == "");
  BOOST_TEST(!request.options.stream);
  BOOST_TEST(!request.options.max_tokens.has_value());
  BOOST_TEST(!request.options.seed.has_value());
  BOOST_TEST(request.options.sampling.temperature == 1.0F);
  BOOST_TEST(request.options.sampling.top_p == 1.0F);
  BOOST_TEST(request.options.sampling.top_k == 0u);
}

BOOST_AUTO_TEST_CASE(every_option_is_read) {
  const auto options =
      completion(
          R"(, "model": "m", "stream": true, "stream_options": {"include_usage": true},
          "max_tokens": 7, "temperature": 0.5, "top_p": 0.75, "top_k": 40, "min_p": 0.25,
          "repetition_penalty": 1.5, "seed": -3, "stop": ["x", "yy"], "ignore_eos": true,
          "n": 1, "best_of": 1, "echo": false, "logprobs": null, "presence_penalty": 0,
          "frequency_penalty": 0.0, "user": "somebody")")
          .options;
  BOOST_TEST(options.model == "m");
  BOOST_TEST(options.stream);
  BOOST_TEST(options.include_usage);
  BOOST_TEST(*options.max_tokens == 7u);
  BOOST_TEST(options.sampling.temperature == 0.5F);
  BOOST_TEST(options.sampling.top_p == 0.75F);
  BOOST_TEST(options.sampling.top_k == 40u);
  BOOST_TEST(options.sampling.min_p == 0.25F);
  BOOST_TEST(options.sampling.repetition_penalty == 1.5F);
  BOOST_TEST(*options.seed == static_cast<std::uint64_t>(-3));
  BOOST_TEST(options.stops == (std::vector<std::string>{"x", "yy"}),
             boost::test_tools::per_element());
  BOOST_TEST(options.ignore_eos);
}

BOOST_AUTO_TEST_CASE(the_newer_name_of_max_tokens_counts_and_minus_one_means_all_of_top_k) {
  const auto options =
      completion(R"(, "max_completion_tokens": 9, "top_k": -1, "stop": "z")").options;
  BOOST_TEST(*options.max_tokens == 9u);
  BOOST_TEST(options.sampling.top_k == 0u);
  BOOST_TEST(options.stops.at(0) == "z");
}

BOOST_AUTO_TEST_CASE(a_prompt_may_be_tokens_or_the_only_one_of_a_list) {
  const auto prompt_of = [](const std::string& prompt) {
    return parse_completion_request(R"({"prompt": )" + prompt + "}").prompt;
  };
  const std::vector<std::int32_t> tokens{1, 2, 3};
  BOOST_TEST((std::get<1>(prompt_of("[1, 2, 3]")) == tokens));
  BOOST_TEST((std::get<1>(prompt_of("[[1, 2, 3]]")) == tokens));
  BOOST_TEST(std::get<0>(prompt_of(R"(["abc"])")) == "abc");
  for (const char* wrong : {"[]", "[[]]", "{}", "7", "[true]", R"(["a", "b"])", "[[1], [2]]",
                            "[1, \"a\"]", "[1, -2]", "[1.5]", "[4294967296]"}) {
    const auto error = error_of_body(std::string(R"({"prompt": )") + wrong + "}");
    BOOST_TEST(error.details.status == 400u);
    BOOST_TEST(error.details.param == "prompt");
  }
}

BOOST_AUTO_TEST_CASE(a_missing_prompt_is_named) {
  BOOST_TEST(says(error_of_body("{}"), "'prompt' is missing"));
  BOOST_TEST(says(error_of_body(R"({"prompt": null})"), "'prompt' is missing"));
}

BOOST_AUTO_TEST_CASE(what_is_not_json_is_refused_with_its_position) {
  const auto error = error_of_body("{\"prompt\": \"a\",\n \"n\" 1}");
  BOOST_TEST(error.details.status == 400u);
  BOOST_TEST(error.details.code == "invalid_json");
  BOOST_TEST(says(error, "line 2, column 6"));
  BOOST_TEST(says(error, "expected ':'"));
  BOOST_TEST(!says(error, "json.exception"));
  for (const char* wrong : {"", "  ", "[", "nonsense", "\xFF\xFE", "{\"prompt\": \"\xC0\"}"})
    BOOST_TEST(error_of_body(wrong).details.code == "invalid_json");
  BOOST_TEST(says(error_of_body("[1]"), "must be a JSON object but is: array"));
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused_whatever_its_size) {
  const std::string deep(500000, '[');
  BOOST_TEST(says(error_of(R"("x": )" + deep), "nested deeper than 32"));
}

BOOST_AUTO_TEST_CASE(values_of_a_wrong_type_or_out_of_range_are_refused_by_name) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"temperature", "-0.1"},
      {"temperature", "2.5"},
      {"temperature", "\"hot\""},
      {"top_p", "0"},
      {"top_p", "1.01"},
      {"top_k", "-2"},
      {"top_k", "1.5"},
      {"min_p", "-1"},
      {"repetition_penalty", "0"},
      {"max_tokens", "0"},
      {"max_tokens", "-5"},
      {"max_tokens", "1e3"},
      {"max_tokens", "99999999999999999999"},
      {"max_tokens", "18446744073709551615"},
      {"seed", "1.5"},
      {"seed", "true"},
      {"stream", "1"},
      {"stop", "\"\""},
      {"stop", "[\"a\", 1]"},
      {"stop", "7"},
      {"model", "7"},
      {"ignore_eos", "\"no\""},
      {"stream_options", "{}"}};
  for (const auto& [name, value] : wrong) {
    const auto error = error_of("\"" + name + "\": " + value);
    BOOST_TEST(error.details.status == 400u);
    BOOST_TEST(error.details.param == name);
    BOOST_TEST(says(error, "'" + name + "'"), name << " " << value);
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_supported_is_refused_rather_than_left_out) {
  const std::vector<std::pair<std::string, std::string>> unsupported{
      {"n", "2"},
      {"best_of", "3"},
      {"echo", "true"},
      {"logprobs", "1"},
      {"logprobs", "true"},
      {"presence_penalty", "0.5"},
      {"frequency_penalty", "-1"},
      {"suffix", "\"end\""},
      {"logit_bias", "{\"5\": 1}"},
      {"tools", "[{}]"},
      {"response_format", "{\"type\": \"json_object\"}"},
      {"response_format", "\"text\""}};
  for (const auto& [name, value] : unsupported) {
    const auto error = error_of("\"" + name + "\": " + value);
    BOOST_TEST(error.details.status == 400u);
    BOOST_TEST(error.details.param == name);
    BOOST_TEST(error.details.code == "unsupported_parameter");
  }
}

BOOST_AUTO_TEST_CASE(messages_are_read_with_their_roles_and_parts) {
  const auto request = parse_chat_request(
      R"({"messages": [{"role": "developer", "content": "be brief"},
          {"role": "user", "content": [{"type": "text", "text": "a"},
                                       {"type": "text", "text": "b"}]},
          {"role": "assistant", "content": "c", "name": "x"}]})");
  BOOST_TEST(request.messages.size() == 3u);
  BOOST_TEST(request.messages[0].role == "system");
  BOOST_TEST(request.messages[1].content == "ab");
  BOOST_TEST(request.messages[2].role == "assistant");
}

BOOST_AUTO_TEST_CASE(wrong_messages_are_refused_with_their_place) {
  BOOST_TEST(says(error_of_messages("null"), "'messages' is missing"));
  BOOST_TEST(says(error_of_messages("[]"), "is empty"));
  BOOST_TEST(says(error_of_messages("\"hi\""), "must be an array"));
  BOOST_TEST(error_of_messages("[7]").details.param == "messages[0]");
  BOOST_TEST(
      error_of_messages(R"([{"role": "user", "content": "a"}, {"content": "a"}])").details.param ==
      "messages[1].role");
  BOOST_TEST(says(error_of_messages(R"([{"role": "tool", "content": "a"}])"), "but is 'tool'"));
  BOOST_TEST(error_of_messages(R"([{"role": "user"}])").details.param == "messages[0].content");
  BOOST_TEST(says(error_of_messages(
                      R"([{"role": "user", "content": [{"type": "image_url", "image_url": 1}]}])"),
                  "not text"));
}

BOOST_AUTO_TEST_CASE(mutilated_bodies_are_taken_or_refused_but_nothing_else) {
  std::mt19937 random(3);
  const std::string whole =
      R"({"model": "m", "prompt": "a\u00e9", "max_tokens": 12, "stop": ["x", "y"], "seed": 1e3,)"
      R"( "stream": true, "stream_options": {"include_usage": true}, "temperature": 0.5})";
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string body = whole;
    for (unsigned i = 0; i < 1 + random() % 4; ++i) {
      const std::size_t at = random() % body.size();
      switch (random() % 3) {
        case 0:
          body[at] = static_cast<char>(random());
          break;
        case 1:
          body.erase(at, random() % 8);
          break;
        default:
          body.insert(at, body.substr(random() % body.size(), random() % 16));
      }
      if (body.empty()) body = " ";
    }
    try {
      parse_completion_request(body);
    } catch (const ApiError& error) {
      ++refused;
      BOOST_TEST(error.details.status == 400u);
    }
  }
  BOOST_TEST(refused > 10000);
}
