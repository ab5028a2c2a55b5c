// Prompts of each family, character by character, and what users write in them.

#include "agents/engine/model/tokenizer/chat_template.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <stdexcept>

#include "agents/engine/model/tokenizer/tokenizer_bpe.hpp"
#include "agents/engine/model/tokenizer/tokenizer_spm.hpp"

using namespace squall::agents;

namespace {

const std::vector<std::string> control_names{"<s>",
                                             "</s>",
                                             "<|im_start|>",
                                             "<|im_end|>",
                                             "<|begin_of_text|>",
                                             "<|eot_id|>",
                                             "<|start_header_id|>",
                                             "<|end_header_id|>"};

/// A vocabulary of SentencePiece with all bytes, the space and the control tokens of all families.
SpmVocabulary vocabulary(const std::string& beginning, const std::string& end) {
  SpmVocabulary result;
  result.tokens.source = "test";
  const auto add = [&](const std::string& text, TokenKind kind) {
    result.tokens.texts.push_back(text);
    result.tokens.kinds.push_back(kind);
    result.scores.push_back(0);
    return static_cast<std::int32_t>(result.tokens.size() - 1);
  };
  for (const std::string& name : control_names) {
    const std::int32_t id = add(name, TokenKind::control);
    if (name == beginning) result.tokens.beginning = id;
    if (name == end) result.tokens.end = id;
  }
  for (int byte = 0; byte < 256; ++byte) {
    const char* digits = "0123456789ABCDEF";
    add(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">", TokenKind::byte);
  }
  result.begin_with_space = false;
  return result;
}

/// The prompt as it would be written, control tokens in ⟦brackets⟧.
std::string written(const Tokenizer& tokenizer, ChatTemplate chat_template,
                    const std::vector<ChatMessage>& messages) {
  std::string text;
  for (const std::int32_t token : encode_chat(tokenizer, chat_template, messages)) {
    text +=
        tokenizer.is_text(token) ? tokenizer.decode(token) : "⟦" + control_names.at(token) + "⟧";
  }
  // U+2581, a space, comes as the three bytes of that character.
  for (std::size_t at; (at = text.find("\xE2\x96\x81")) != std::string::npos;) {
    text.replace(at, 3, " ");
  }
  return text;
}

std::string refusal(ChatTemplate chat_template, const std::vector<ChatMessage>& messages) {
  const SpmTokenizer tokenizer(vocabulary("<s>", "</s>"));
  try {
    encode_chat(tokenizer, chat_template, messages);
    return {};
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

const std::vector<ChatMessage> question{{"system", "Be brief."}, {"user", "Who are you?"}};
const std::vector<ChatMessage> conversation{
    {"system", "Be brief."}, {"user", " Hi\n"}, {"assistant", "Hello. "}, {"user", "Bye"}};

}  // namespace

BOOST_AUTO_TEST_CASE(chatml_is_written_as_qwen_and_smollm_have_it) {
  auto plain = vocabulary("<s>", "<|im_end|>");
  plain.tokens.begin_with_beginning = false;
  const SpmTokenizer tokenizer(plain);
  BOOST_TEST(written(tokenizer, ChatTemplate::chatml, question) ==
             "⟦<|im_start|>⟧system\nBe brief.⟦<|im_end|>⟧\n"
             "⟦<|im_start|>⟧user\nWho are you?⟦<|im_end|>⟧\n"
             "⟦<|im_start|>⟧assistant\n");
  BOOST_TEST(written(tokenizer, ChatTemplate::chatml, conversation) ==
             "⟦<|im_start|>⟧system\nBe brief.⟦<|im_end|>⟧\n"
             "⟦<|im_start|>⟧user\n Hi\n⟦<|im_end|>⟧\n"
             "⟦<|im_start|>⟧assistant\nHello. ⟦<|im_end|>⟧\n"
             "⟦<|im_start|>⟧user\nBye⟦<|im_end|>⟧\n"
             "⟦<|im_start|>⟧assistant\n");
  plain.tokens.begin_with_beginning = true;
  plain.tokens.finish_with_end = true;  // of prompts that are plain text; a chat goes on
  BOOST_TEST(written(SpmTokenizer(plain), ChatTemplate::chatml, {{"user", "Hi"}}) ==
             "⟦<s>⟧⟦<|im_start|>⟧user\nHi⟦<|im_end|>⟧\n⟦<|im_start|>⟧assistant\n");
}

BOOST_AUTO_TEST_CASE(llama_2_is_written_with_its_brackets) {
  const SpmTokenizer tokenizer(vocabulary("<s>", "</s>"));
  BOOST_TEST(written(tokenizer, ChatTemplate::llama2, question) ==
             "⟦<s>⟧[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nWho are you? [/INST]");
  BOOST_TEST(written(tokenizer, ChatTemplate::llama2, conversation) ==
             "⟦<s>⟧[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\n Hi [/INST] Hello. ⟦</s>⟧"
             "⟦<s>⟧[INST] Bye [/INST]");
}

BOOST_AUTO_TEST_CASE(llama_3_is_written_with_its_headers) {
  const SpmTokenizer tokenizer(vocabulary("<|begin_of_text|>", "<|eot_id|>"));
  BOOST_TEST(written(tokenizer, ChatTemplate::llama3, conversation) ==
             "⟦<|begin_of_text|>⟧"
             "⟦<|start_header_id|>⟧system⟦<|end_header_id|>⟧\n\nBe brief.⟦<|eot_id|>⟧"
             "⟦<|start_header_id|>⟧user⟦<|end_header_id|>⟧\n\nHi⟦<|eot_id|>⟧"
             "⟦<|start_header_id|>⟧assistant⟦<|end_header_id|>⟧\n\nHello.⟦<|eot_id|>⟧"
             "⟦<|start_header_id|>⟧user⟦<|end_header_id|>⟧\n\nBye⟦<|eot_id|>⟧"
             "⟦<|start_header_id|>⟧assistant⟦<|end_header_id|>⟧\n\n");
}

BOOST_AUTO_TEST_CASE(zephyr_is_written_with_roles_between_bars) {
  const SpmTokenizer tokenizer(vocabulary("<s>", "</s>"));
  BOOST_TEST(written(tokenizer, ChatTemplate::zephyr, conversation) ==
             "⟦<s>⟧<|system|>\nBe brief.⟦</s>⟧\n<|user|>\n Hi\n⟦</s>⟧\n"
             "<|assistant|>\nHello. ⟦</s>⟧\n<|user|>\nBye⟦</s>⟧\n<|assistant|>\n");
}

BOOST_AUTO_TEST_CASE(what_users_write_never_becomes_a_control_token) {
  std::string everything;
  for (const std::string& name : control_names) everything += name + "\n";
  for (const ChatTemplate family :
       {ChatTemplate::chatml, ChatTemplate::llama2, ChatTemplate::llama3, ChatTemplate::zephyr}) {
    const SpmTokenizer tokenizer(vocabulary("<s>", "</s>"));
    const auto control_tokens = [&](const std::string& system, const std::string& user) {
      std::vector<std::int32_t> found;
      const std::vector<ChatMessage> messages{{"system", system}, {"user", user}};
      for (const std::int32_t token : encode_chat(tokenizer, family, messages)) {
        if (!tokenizer.is_text(token)) found.push_back(token);
      }
      return found;
    };
    BOOST_TEST(control_tokens("x", "y") == control_tokens(everything, everything), name(family));
    const std::vector<ChatMessage> messages{{"system", "x"}, {"user", everything + "z"}};
    BOOST_TEST(written(tokenizer, family, messages).find(everything + "z") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(template_and_text_are_encoded_as_one_so_that_words_fall_as_in_training) {
  BpeVocabulary bytes;
  bytes.tokens.source = "test";
  for (int code = 0; code < 256; ++code) bytes.tokens.texts.push_back("unused");
  bytes.tokens.texts[10] = "\xC4\x8A";  // U+010A, a newline
  for (const char letter : std::string("aserut")) bytes.tokens.texts[letter] = letter;
  bytes.tokens.texts.push_back("\xC4\x8A\xC4\x8A");
  bytes.merges = {"\xC4\x8A \xC4\x8A"};
  bytes.tokens.kinds.assign(257, TokenKind::normal);
  bytes.words = PreTokenizer::gpt2;
  for (const std::string control : {"<|im_start|>", "<|im_end|>"}) {
    bytes.tokens.texts.push_back(control);
    bytes.tokens.kinds.push_back(TokenKind::control);
  }
  const BpeTokenizer tokenizer(bytes);
  const std::vector<ChatMessage> messages{{"user", "\n"}};  // joins the newline of the template
  const std::vector<std::int32_t> expected{257, 'u', 's', 'e', 'r', 256, 258, 10, 257,
                                           'a', 's', 's', 's', 't', 'a', 't', 10};
  auto found = encode_chat(tokenizer, ChatTemplate::chatml, messages);
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(unknown_roles_and_orders_without_a_form_are_refused) {
  const auto says = [](const std::string& message, std::string_view part) {
    BOOST_TEST(message.find(part) != std::string::npos, "'" << message << "'");
  };
  for (const ChatTemplate family :
       {ChatTemplate::chatml, ChatTemplate::llama2, ChatTemplate::llama3, ChatTemplate::zephyr}) {
    says(refusal(family, {}), "at least one message");
    says(refusal(family, {{"tool", "x"}}), "the role 'tool' is not known; use 'system', 'user'");
    says(refusal(family, {{"user<|im_end|>", "x"}}), "is not known");
  }
  says(refusal(ChatTemplate::llama2, {{"user", "a"}, {"user", "b"}, {"user", "c"}}),
       "message 2 of a Llama 2 chat (not counting the system's) must have the role 'assistant'");
  says(refusal(ChatTemplate::llama2, {{"user", "a"}, {"system", "b"}, {"user", "c"}}),
       "but has 'system'");
  says(refusal(ChatTemplate::llama2, {{"system", "a"}}), "must end with a message of the role");
  says(refusal(ChatTemplate::llama2, {{"user", "a"}, {"assistant", "b"}}), "must end with");
  BOOST_TEST(refusal(ChatTemplate::chatml, {{"assistant", "a"}, {"system", "b"}}) == "");
}

BOOST_AUTO_TEST_CASE(families_are_recognised_by_what_their_templates_write) {
  const std::map<std::string, std::optional<ChatTemplate>> templates{
      {"{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + "
       "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}",
       ChatTemplate::chatml},
      {"{{ '<|im_start|>user<|im_sep|>' + message['content'] + '<|im_end|>' }}", std::nullopt},
      {"{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ "
       "message['content'] | trim + '<|eot_id|>' %}",
       ChatTemplate::llama3},
      {"{% set content = '<<SYS>>\\n' + system_message %}{{ bos_token + '[INST] ' + "
       "content.strip() + ' [/INST]' }}",
       ChatTemplate::llama2},
      {"{{ '[INST] ' + message['content'] + ' [/INST]' }}", std::nullopt},  // Mistral
      {"{% if message['role'] == 'user' %}{{ '<|user|>\n' + message['content'] + eos_token }}",
       ChatTemplate::zephyr},
      {"{{'<|' + message['role'] + '|>\n' + message['content'] + eos_token}}",
       ChatTemplate::zephyr},
      {"{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{{ eos_token }}", std::nullopt},
      {"{{ '<|user|>\n' + message['content'] + '\n' }}{{ eos_token }}", std::nullopt},
      {"{{ 'USER: ' + message['content'] }}", std::nullopt},
      {"", std::nullopt}};
  for (const auto& [jinja, expected] : templates) {
    BOOST_TEST((recognise_chat_template(jinja) == expected), jinja);
  }
}

BOOST_AUTO_TEST_CASE(every_family_has_a_name_that_leads_back_to_it) {
  for (const ChatTemplate family :
       {ChatTemplate::chatml, ChatTemplate::llama2, ChatTemplate::llama3, ChatTemplate::zephyr}) {
    BOOST_TEST((chat_template_named(name(family)) == family));
  }
  BOOST_TEST(name(ChatTemplate::llama3) == "llama3");
  BOOST_TEST(!chat_template_named("vicuna"));
}
