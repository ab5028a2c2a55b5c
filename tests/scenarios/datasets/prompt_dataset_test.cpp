#include "scenarios/datasets/prompt_dataset.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tests/scenarios/datasets/dataset_files.hpp"

using namespace squall::scenarios;
using namespace squall::fixtures;

namespace {

using Format = PromptsFromFile::Format;
using Texts = std::vector<std::string>;

PromptDataset open(const std::filesystem::path& path, Format format = Format::automatic,
                   const std::string& field = "prompt") {
  return PromptDataset::open(path, {path.string(), format, field});
}

std::string refused(const std::filesystem::path& path, Format format = Format::automatic) {
  return refusal([&] { open(path, format); });
}

/// "user: …" and "system: …".
Texts texts_of(const DatasetItem& item) {
  Texts texts;
  for (const PromptPart& part : item.parts)
    texts.push_back((part.speaker == Speaker::system ? "system: " : "user: ") +
                    std::get<std::string>(part.text));
  return texts;
}

constexpr const char* sharegpt = R"([
  {"id": "a", "conversations": [
    {"from": "system", "value": "Be brief."},
    {"from": "human", "value": "Why is the sky blue?\nReally? \"}]\""},
    {"from": "gpt", "value": "Light."},
    {"from": "human", "value": "And at night? \u00fc"},
    {"from": "gpt", "value": "Dark. "},
    {"from": "gpt", "value": "Very."}]},
  {"id": "b", "conversations": []},
  {"id": "c", "conversations": [{"from": "gpt", "value": "Nobody asked."},
                                {"from": "human", "value": " "}]},
  {"id": "d", "conversations": [{"from": "gpt", "value": "First."},
                                {"from": "user", "value": "Second."}]}
])";

}  // namespace

BOOST_AUTO_TEST_CASE(a_text_file_has_a_prompt_a_line) {
  const DatasetFolder folder;
  const auto dataset =
      open(folder.write("a.txt", "\xEF\xBB\xBFWhat is it?\r\n\r\n{\"not\": json\n"));
  BOOST_REQUIRE(dataset.size() == 2u);
  BOOST_TEST((dataset.format() == Format::text));
  BOOST_TEST(texts_of(dataset.item(0)) == Texts{"user: What is it?"});
  BOOST_TEST(texts_of(dataset.item(1)) == Texts{"user: {\"not\": json"});
  BOOST_TEST(!dataset.item(0).conversation);
  BOOST_TEST(!dataset.has_conversations());
}

BOOST_AUTO_TEST_CASE(jsonl_has_the_prompt_in_the_named_field) {
  const DatasetFolder folder;
  const auto path = folder.write("a.jsonl", R"({"prompt": "one\ntwo", "id": 1}
{"question": "no", "prompt": "\u6f22"})");
  BOOST_TEST(texts_of(open(path).item(0)) == Texts{"user: one\ntwo"});
  BOOST_TEST(texts_of(open(path).item(1)) == Texts{"user: \u6f22"});
  const std::string message = refusal([&] { open(path, Format::jsonl, "question"); });
  BOOST_TEST(message == path.string() +
                            ":1: the line has no field 'question'; it has 'id', "
                            "'prompt': name the one with the prompt in prompts.field");
}

BOOST_AUTO_TEST_CASE(jsonl_may_hold_chats_as_the_api_takes_them) {
  const DatasetFolder folder;
  const auto dataset = open(folder.write("a.jsonl", R"(
{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]}
{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, {"role": "assistant", "content": "four"}, {"role": "user", "content": "c"}]}
)"));
  BOOST_REQUIRE(dataset.size() == 2u);
  BOOST_TEST(texts_of(dataset.item(0)) == (Texts{"system: S", "user: U"}));
  BOOST_TEST(texts_of(dataset.item(1)) == (Texts{"user: ab", "user: c"}));
  BOOST_TEST(dataset.item(1).answer_bytes == (std::vector<std::uint64_t>{4, 0}));
  BOOST_TEST(dataset.item(0).conversation);
  BOOST_TEST(dataset.has_conversations());
}

BOOST_AUTO_TEST_CASE(sharegpt_gives_what_the_human_said_and_how_long_the_answers_were) {
  const DatasetFolder folder;
  const auto dataset = open(folder.write("a.json", sharegpt));
  BOOST_TEST((dataset.format() == Format::sharegpt));
  BOOST_REQUIRE(dataset.size() == 2u);
  BOOST_TEST(dataset.left_out() == 2u);
  BOOST_TEST(texts_of(dataset.item(0)) ==
             (Texts{"system: Be brief.", "user: Why is the sky blue?\nReally? \"}]\"",
                    "user: And at night? \u00fc"}));
  BOOST_TEST(dataset.item(0).answer_bytes == (std::vector<std::uint64_t>{6, 11}));
  BOOST_TEST(texts_of(dataset.item(1)) == (Texts{"user: Second."}));
  BOOST_TEST(dataset.item(1).answer_bytes == (std::vector<std::uint64_t>{0}));
}

BOOST_AUTO_TEST_CASE(the_format_is_recognised_by_name_and_first_bytes) {
  const DatasetFolder folder;
  const auto format = [&](const std::string& name, const std::string& content) {
    return open(folder.write(name, content)).format();
  };
  const std::string object = R"({"prompt": "x"})";
  BOOST_TEST((format("a", object) == Format::jsonl));
  BOOST_TEST((format("a.json", object + "\n" + object) == Format::jsonl));
  BOOST_TEST((format("a.ndjson", object) == Format::jsonl));
  BOOST_TEST((format("a", " \n[\n " + object + "]") == Format::sharegpt));
  BOOST_TEST((format("a.json", "\xEF\xBB\xBF[" + object + "]") == Format::sharegpt));
  BOOST_TEST((format("a", "[citation needed]") == Format::text));
  BOOST_TEST((format("prompts.csv", "hello") == Format::text));
  BOOST_TEST((format("a.txt", object) == Format::text));
}

BOOST_AUTO_TEST_CASE(a_wrong_item_is_refused_with_its_place_and_a_remedy) {
  const DatasetFolder folder;
  const auto jsonl = [&](const std::string& line) {
    return refused(folder.write("a.jsonl", "{\"prompt\": \"good\"}\n\n" + line + "\n"));
  };
  BOOST_TEST(says(jsonl("{\"prompt\": \"cut"), ":3: the line has brackets or quotes that are"));
  BOOST_TEST(says(jsonl("{\"prompt\": \"a\"} x"), ":3: the line is no valid JSON at byte"));
  BOOST_TEST(says(jsonl("{\"prompt\": \"\xFF\"}"), "ill-formed UTF-8"));
  BOOST_TEST(says(jsonl("{\"prompt\": 7}"), "a prompt of the type number"));
  BOOST_TEST(says(jsonl("{\"prompt\": \" \\n\"}"), "has an empty prompt"));
  BOOST_TEST(says(jsonl("[1]"), "is of the type array where an object"));
  BOOST_TEST(says(jsonl("{}"), "it has none"));
  BOOST_TEST(says(jsonl(R"({"messages": [{"role": "tool", "content": "x"}]})"), "role 'tool'"));
  BOOST_TEST(says(jsonl(R"({"messages": [{"role": "user"}]})"), "without 'content'"));
  BOOST_TEST(says(jsonl(R"({"messages": [{"role": "user", "content": null}]})"), "type null"));
  BOOST_TEST(says(jsonl(R"({"messages": ["hello"]})"), "of the type string"));
  BOOST_TEST(says(jsonl(R"({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})"),
                  "only text can be asked"));
  const auto text = folder.write("a.txt", "good\nbad \xC3( text\n");
  BOOST_TEST(refused(text) == text.string() +
                                  ":2: the line is not UTF-8 from byte 5 of the line "
                                  "on; convert the file (iconv -t UTF-8)");
}

BOOST_AUTO_TEST_CASE(a_wrong_array_is_refused_with_its_line_and_item) {
  const DatasetFolder folder;
  const auto json = [&](const std::string& text) { return refused(folder.write("a.json", text)); };
  const std::string good = R"({"prompt": "x"})";
  BOOST_TEST(says(json("[\n" + good + ",\n" + good + ",\n{\"prompt\": 1}]"),
                  "a.json:4: item 3 of the array has a prompt of the type number"));
  BOOST_TEST(says(json("[\n" + good + ",\n{\"prompt\": \"cut sho"), "a.json:3: behind 1 items"));
  BOOST_TEST(says(json("[\n" + good + ",\n{\"prompt\": \"cut sho"),
                  "the next has brackets or quotes that are not closed"));
  BOOST_TEST(says(json("[" + good + "] []"), "something follows the array"));
  BOOST_TEST(says(json("[]"), "holds no prompt"));
  BOOST_TEST(says(json("[{\"conversations\": []}]"), "in none of the 1 conversations"));
  BOOST_TEST(says(json("\"text\""), "does not begin with '['"));
  BOOST_TEST(says(refused(folder.write("b.txt", " \n\n")), "holds no prompt; write one a line"));
  BOOST_TEST(says(json("[" + std::string(100'000, '[')), "nests brackets deeper"));
}

BOOST_AUTO_TEST_CASE(an_item_that_changed_since_the_file_was_opened_is_an_error) {
  const DatasetFolder folder;
  const auto path = folder.write("a.jsonl", R"({"prompt": "before"})");
  const auto dataset = open(path);
  folder.write("a.jsonl", R"({"prompt": 12345678})");  // of the same length
  BOOST_TEST(says(refusal([&] { dataset.item(0); }), "leave the file alone during a run"));
}

BOOST_AUTO_TEST_CASE(the_prompts_that_come_with_squall_can_be_read) {
  const auto dataset = open("scenarios/prompts/short_questions.txt");
  BOOST_TEST(dataset.size() > 1u);
  for (std::uint64_t i = 0; i < dataset.size(); ++i)
    BOOST_TEST(texts_of(dataset.item(i)).front().size() > std::string("user: ").size());
}
