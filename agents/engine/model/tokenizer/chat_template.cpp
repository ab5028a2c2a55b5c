#include "agents/engine/model/tokenizer/chat_template.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace squall::agents {

namespace {

constexpr std::pair<ChatTemplate, std::string_view> names[] = {{ChatTemplate::chatml, "chatml"},
                                                               {ChatTemplate::llama2, "llama2"},
                                                               {ChatTemplate::llama3, "llama3"},
                                                               {ChatTemplate::zephyr, "zephyr"}};

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument(what); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

/// Joins text, the template's and the users' alike, into runs that are encoded whole, so that
/// words fall as they would in one text; only the template's own control tokens stand between.
class PromptBuilder {
 public:
  explicit PromptBuilder(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  PromptBuilder& text(std::string_view added) {
    run_ += added;
    return *this;
  }
  /// The token of this name, or where the vocabulary has none, the name as text.
  PromptBuilder& control(std::string_view name) {
    const auto found = tokenizer_.encode(name, {.add_beginning = false, .parse_special = true});
    if (found.size() != 1) return text(name);
    return token(found.front());
  }
  PromptBuilder& beginning() { return token(tokenizer_.beginning_token()); }
  PromptBuilder& end() { return token(tokenizer_.end_token()); }
  /// The beginning if every prompt of this model has it.
  PromptBuilder& usual_beginning() {
    const auto empty = tokenizer_.encode("");
    const bool begins = !empty.empty() && empty.front() == tokenizer_.beginning_token();
    return begins ? beginning() : *this;
  }
  std::vector<std::int32_t> finish() {
    flush();
    return std::move(tokens_);
  }

 private:
  PromptBuilder& token(std::int32_t added) {
    flush();
    if (added >= 0) tokens_.push_back(added);
    return *this;
  }
  void flush() {
    const auto encoded = tokenizer_.encode(run_, {.add_beginning = false});
    tokens_.insert(tokens_.end(), encoded.begin(), encoded.end());
    run_.clear();
  }

  const Tokenizer& tokenizer_;
  std::string run_;
  std::vector<std::int32_t> tokens_;
};

using Messages = std::span<const ChatMessage>;

/// <|im_start|>ROLE\nCONTENT<|im_end|>\n …
void write_chatml(Messages messages, PromptBuilder& prompt) {
  prompt.usual_beginning();
  for (const ChatMessage& message : messages) {
    prompt.control("<|im_start|>").text(message.role).text("\n").text(message.content);
    prompt.control("<|im_end|>").text("\n");
  }
  prompt.control("<|im_start|>").text("assistant\n");
}

/// <|begin_of_text|><|start_header_id|>ROLE<|end_header_id|>\n\nCONTENT<|eot_id|> …
void write_llama3(Messages messages, PromptBuilder& prompt) {
  const auto header = [&](std::string_view role) {
    prompt.control("<|start_header_id|>").text(role).control("<|end_header_id|>").text("\n\n");
  };
  prompt.beginning();
  for (const ChatMessage& message : messages) {
    header(message.role);
    prompt.text(trimmed(message.content)).control("<|eot_id|>");
  }
  header("assistant");
}

/// <|ROLE|>\nCONTENT</s>\n …, where </s> is the model's end token and <|ROLE|> mostly text.
void write_zephyr(Messages messages, PromptBuilder& prompt) {
  prompt.usual_beginning();
  for (const ChatMessage& message : messages) {
    prompt.control("<|" + message.role + "|>").text("\n").text(message.content);
    prompt.end().text("\n");
  }
  prompt.control("<|assistant|>").text("\n");
}

/// <s>[INST] <<SYS>>\nSYSTEM\n<</SYS>>\n\nUSER [/INST] ASSISTANT </s><s>[INST] USER [/INST] …
void write_llama2(Messages messages, PromptBuilder& prompt) {
  std::string system;
  if (messages.front().role == "system") {
    // The system's text is not trimmed in itself: it is trimmed with the user's that follows.
    system = "<<SYS>>\n" + messages.front().content + "\n<</SYS>>\n\n";
    messages = messages.subspan(1);
  }
  if (messages.empty() || messages.size() % 2 == 0) {
    refuse("a Llama 2 chat must end with a message of the role 'user'");
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string_view expected = i % 2 == 0 ? "user" : "assistant";
    if (messages[i].role != expected) {
      refuse("message " + std::to_string(i + 1) +
             " of a Llama 2 chat (not counting the system's) "
             "must have the role '" +
             std::string(expected) + "' but has '" + messages[i].role +
             "': after a first 'system', 'user' and 'assistant' take turns");
    }
    if (expected == "user") {
      const std::string content = std::exchange(system, {}) + messages[i].content;
      prompt.beginning().text("[INST] ").text(trimmed(content)).text(" [/INST]");
    } else {
      prompt.text(" ").text(trimmed(messages[i].content)).text(" ").end();
    }
  }
}

/// Phi-3, Falcon 3 and others write <|user|> too, but end what users say otherwise.
bool closes_users_like_zephyr(std::string_view jinja) {
  for (const std::string_view user : {"<|user|>", "'<|' + message['role'] + '|>"}) {
    const std::size_t begin = jinja.find(user);
    if (begin == std::string_view::npos) continue;
    const std::string_view rest = jinja.substr(begin);
    const std::string_view expression = rest.substr(0, rest.find("}}"));
    for (const std::string_view end : {"eos_token", "</s>", "<|endoftext|>"}) {
      if (expression.find(end) != std::string_view::npos) return true;
    }
  }
  return false;
}

void check_roles(Messages messages) {
  if (messages.empty()) refuse("a chat needs at least one message");
  for (const ChatMessage& message : messages) {
    if (message.role == "system" || message.role == "user" || message.role == "assistant") continue;
    refuse("the role '" + message.role.substr(0, 80) +
           "' is not known; use 'system', 'user' or 'assistant'");
  }
}

}  // namespace

std::string_view name(ChatTemplate chat_template) {
  for (const auto& [known, its_name] : names) {
    if (known == chat_template) return its_name;
  }
  return {};
}

std::optional<ChatTemplate> chat_template_named(std::string_view name) {
  for (const auto& [known, its_name] : names) {
    if (its_name == name) return known;
  }
  return std::nullopt;
}

std::optional<ChatTemplate> recognise_chat_template(std::string_view jinja) {
  const auto has = [&](std::string_view part) {
    return jinja.find(part) != std::string_view::npos;
  };
  // Phi-4 and Kimi open messages like ChatML, but close their roles with tokens of their own.
  if (has("<|im_start|>") && has("<|im_end|>") && !has("<|im_sep|>") && !has("<|im_middle|>")) {
    return ChatTemplate::chatml;
  }
  if (has("<|start_header_id|>") && has("<|end_header_id|>") && has("<|eot_id|>")) {
    return ChatTemplate::llama3;
  }
  if (closes_users_like_zephyr(jinja)) return ChatTemplate::zephyr;
  // Mistral's have [INST] without <<SYS>>, and other spaces.
  if (has("[INST]") && has("<<SYS>>")) return ChatTemplate::llama2;
  return std::nullopt;
}

std::vector<std::int32_t> encode_chat(const Tokenizer& tokenizer, ChatTemplate chat_template,
                                      std::span<const ChatMessage> messages) {
  check_roles(messages);
  PromptBuilder prompt(tokenizer);
  switch (chat_template) {
    case ChatTemplate::chatml:
      write_chatml(messages, prompt);
      break;
    case ChatTemplate::llama2:
      write_llama2(messages, prompt);
      break;
    case ChatTemplate::llama3:
      write_llama3(messages, prompt);
      break;
    case ChatTemplate::zephyr:
      write_zephyr(messages, prompt);
      break;
  }
  return prompt.finish();
}

}  // namespace squall::agents
