#include "scenarios/datasets/json_item.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "scenarios/datasets/dataset_error.hpp"
#include "scenarios/datasets/json_array.hpp"

namespace squall::scenarios {

namespace {

using Json = nlohmann::json;

Json read_object(std::string_view json) {
  // Depth and brackets first: what the library builds in memory is bounded then.
  json.remove_prefix(std::min(json.find_first_not_of(" \t\r\n"), json.size()));
  end_of_json_value(json, 0);
  Json value;
  try {
    value = Json::parse(json);
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 9: syntax error while …"
    const std::string_view what = error.what();
    const std::size_t colon = what.find(": ");
    throw ItemMistake("is no valid JSON at byte " + std::to_string(error.byte) + ": " +
                      std::string(what.substr(colon == std::string_view::npos ? 0 : colon + 2)) +
                      "; mend or remove it");
  }
  if (!value.is_object())
    throw ItemMistake(std::string("is of the type ") + value.type_name() +
                      " where an object {…} is needed");
  return value;
}

std::string keys_of(const Json& object) {
  std::string keys;
  for (const auto& [key, value] : object.items()) {
    if (keys.size() > 200) return keys + ", …";
    keys += (keys.empty() ? "" : ", ") + in_quotes(key);
  }
  return keys.empty() ? "none" : keys;
}

Speaker speaker_named(const std::string& role) {
  constexpr std::array<std::pair<std::string_view, Speaker>, 9> roles{
      {{"system", Speaker::system},
       {"user", Speaker::user},
       {"human", Speaker::user},
       {"assistant", Speaker::assistant},
       {"gpt", Speaker::assistant},
       {"chatgpt", Speaker::assistant},
       {"bing", Speaker::assistant},
       {"bard", Speaker::assistant},
       {"model", Speaker::assistant}}};
  for (const auto& [name, speaker] : roles)
    if (name == role) return speaker;
  throw ItemMistake("has a message of the role " + in_quotes(role) +
                    ", which is not known; use system, user (or human), assistant (or gpt)");
}

const std::string& text_of(const Json& message, const char* key) {
  const auto found = message.find(key);
  if (found == message.end())
    throw ItemMistake("has a message without " + in_quotes(key) + "; it has " + keys_of(message));
  if (!found->is_string())
    throw ItemMistake("has a message whose " + in_quotes(key) + " is of the type " +
                      found->type_name() + " where a string is needed");
  return found->get_ref<const std::string&>();
}

/// OpenAI's API allows a list of {"type": "text", "text": "…"} where it allows a string.
std::string content_of(const Json& message) {
  const auto content = message.find("content");
  if (content == message.end() || !content->is_array()) return text_of(message, "content");
  std::string text;
  for (const Json& piece : *content) {
    if (!piece.is_object()) throw ItemMistake("has a message whose 'content' holds no objects");
    if (text_of(piece, "type") != "text")
      throw ItemMistake("has a message with content of the type " +
                        in_quotes(text_of(piece, "type")) + "; only text can be asked");
    text += text_of(piece, "text");
  }
  return text;
}

bool says_nothing(const std::string& text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string::npos;
}

DatasetItem conversation_of(const Json& messages) {
  DatasetItem item;
  item.conversation = true;
  std::string system;
  for (const Json& message : messages) {
    if (!message.is_object())
      throw ItemMistake(std::string("has a message of the type ") + message.type_name() +
                        " where an object is needed");
    const bool sharegpt = message.contains("from");
    const Speaker speaker = speaker_named(text_of(message, sharegpt ? "from" : "role"));
    std::string text = sharegpt ? text_of(message, "value") : content_of(message);
    if (speaker == Speaker::assistant) {
      // Of several answers to one turn all count; one before the first turn answers nothing.
      if (!item.answer_bytes.empty()) item.answer_bytes.back() += text.size();
    } else if (says_nothing(text)) {
      continue;
    } else if (speaker == Speaker::system) {
      system += (system.empty() ? "" : "\n") + text;
    } else {
      item.parts.push_back({Speaker::user, std::move(text)});
      item.answer_bytes.push_back(0);
    }
  }
  if (!item.parts.empty() && !system.empty())
    item.parts.insert(item.parts.begin(), {Speaker::system, std::move(system)});
  return item;
}

const Json* find_content(const Json& object, const std::string& field) {
  for (const std::string& key : {field, std::string("messages"), std::string("conversations")})
    if (const auto found = object.find(key); found != object.end()) return &*found;
  return nullptr;
}

std::uint64_t count_of(const Json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end())
    throw ItemMistake("has no " + in_quotes(key) + "; it has " + keys_of(row));
  const bool whole = found->is_number_integer() ||
                     (found->is_number_float() && std::trunc(found->get<double>()) == *found);
  // Compared as numbers, so that no conversion can overflow.
  if (!whole || *found < 0 || *found > DatasetLimits::tokens)
    throw ItemMistake("has the " + in_quotes(key) + " " + found->dump().substr(0, 40) +
                      "; it must be a whole number from 0 to " +
                      std::to_string(DatasetLimits::tokens));
  return found->get<std::uint64_t>();
}

nanoseconds milliseconds_of(const Json& row, const char* key) {
  constexpr std::int64_t latest = 4'000'000'000'000;  // a century and more since 1970
  const auto found = row.find(key);
  if (found == row.end())
    throw ItemMistake("has no " + in_quotes(key) + "; it has " + keys_of(row));
  if (!found->is_number() || *found < 0 || *found > latest)
    throw ItemMistake("has the " + in_quotes(key) + " " + found->dump().substr(0, 40) +
                      "; it must be milliseconds from 0 to " + std::to_string(latest));
  if (found->is_number_integer()) return nanoseconds(found->get<std::int64_t>() * 1'000'000);
  return nanoseconds(std::llround(found->get<double>() * 1e6));
}

}  // namespace

DatasetItem read_prompt_item(std::string_view json, const std::string& field) {
  const Json object = read_object(json);
  const Json* content = find_content(object, field);
  if (!content)
    throw ItemMistake("has no field " + in_quotes(field) + "; it has " + keys_of(object) +
                      ": name the one with the prompt in prompts.field");
  if (content->is_array()) return conversation_of(*content);
  if (!content->is_string())
    throw ItemMistake("has a prompt of the type " + std::string(content->type_name()) +
                      " where a string or a list of messages is needed");
  const auto& text = content->get_ref<const std::string&>();
  if (says_nothing(text)) throw ItemMistake("has an empty prompt; write one or remove it");
  return {{{Speaker::user, text}}, {0}, false};
}

MooncakeRow read_mooncake_row(std::string_view json) {
  const Json object = read_object(json);
  MooncakeRow row;
  row.at = milliseconds_of(object, "timestamp");
  row.prompt_tokens = count_of(object, "input_length");
  row.answer_tokens = count_of(object, "output_length");
  const auto hashes = object.find("hash_ids");
  if (hashes == object.end()) return row;
  const bool numbers = hashes->is_array() && std::ranges::all_of(*hashes, [](const Json& hash) {
                         return hash.is_number_unsigned();
                       });
  if (!numbers) throw ItemMistake("has 'hash_ids' that are no list of whole numbers from 0 on");
  row.hashes = hashes->get<std::vector<std::uint64_t>>();
  return row;
}

}  // namespace squall::scenarios
