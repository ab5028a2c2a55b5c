#include "agents/targets/made_up_words.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "scenarios/load/random.hpp"

namespace squall::agents {

namespace {

constexpr std::size_t wanted_words = 1024;
constexpr std::size_t enough_words = 16;  // fewer would repeat themselves too much

// Short, lower case and frequent: most vocabularies have each as one token after a space.
constexpr std::string_view common_words =
    "the of and to in is you that it he was for on are as with his they at be this have from or "
    "one had by word but not what all were we when your can said there use an each which she do "
    "how their if will up other about out many then them these so some her would make like him "
    "into time has look two more write go see number no way could people my than first water been "
    "call who oil its now find long down day did get come made may part over new sound take only "
    "little work know place year live me back give most very after thing our just name good man "
    "think say great where help through much before line right too mean old any same tell boy "
    "follow came want show also around form three small set put end does another well large must "
    "big even such because turn here why ask went men read need land different home us move try "
    "kind hand picture again change off play air away animal house point page letter mother "
    "answer found study still learn should world";

std::vector<std::string> common() {
  std::istringstream text{std::string(common_words)};
  return {std::istream_iterator<std::string>(text), {}};
}

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter_or_digit(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

std::size_t count(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, {.add_beginning = false}).size();
}

/// Vocabularies that learnt from text have their frequent tokens first, so the first that fit are
/// words that people use.
std::vector<std::string> one_token_words(const Tokenizer& tokenizer, bool (*allowed)(char),
                                         bool behind_line_end) {
  const std::size_t line_end = count(tokenizer, "\n");
  std::vector<std::string> words;
  for (std::size_t id = 0; id < tokenizer.vocabulary() && words.size() < wanted_words; ++id) {
    const auto token = static_cast<std::int32_t>(id);
    if (!tokenizer.is_text(token)) continue;
    const std::string text = tokenizer.decode(token);
    if (text.size() < 2 || text.front() != ' ') continue;
    std::string word = text.substr(1);
    if (!std::ranges::all_of(word, allowed)) continue;
    const auto thrice = tokenizer.encode(word + text + text, {.add_beginning = false});
    if (thrice.size() != 3 || thrice[1] != token || thrice[2] != token) continue;
    if (behind_line_end && count(tokenizer, "\n" + word) != line_end + 1) continue;
    words.push_back(std::move(word));
  }
  return words;
}

/// Each word stands beside others in every trial, and at the begin in some.
bool adds_up(const Tokenizer& tokenizer, const std::vector<std::string>& words) {
  constexpr std::size_t words_a_trial = 64;
  scenarios::Random random(words.size());
  const std::size_t trials = 8 + 4 * words.size() / words_a_trial;
  for (std::size_t trial = 0; trial < trials; ++trial) {
    std::string text;
    for (std::size_t i = 0; i < words_a_trial; ++i)
      text += (i > 0 ? " " : "") + words[random.next() % words.size()];
    if (count(tokenizer, text) != words_a_trial) return false;
  }
  return true;
}

}  // namespace

MadeUpWords::MadeUpWords(const Tokenizer* tokenizer) : words_(common()) {
  if (!tokenizer) return;
  for (const auto allowed : {is_letter, is_letter_or_digit})
    // Chat templates mostly put a line end before a message, so those that are one token there too
    // are best.
    for (const bool behind_line_end : {true, false}) {
      auto words = one_token_words(*tokenizer, allowed, behind_line_end);
      if (words.size() < enough_words || !adds_up(*tokenizer, words)) continue;
      words_ = std::move(words);
      exact_ = true;
      return;
    }
}

std::string MadeUpWords::text(std::uint64_t seed, std::uint32_t words) const {
  scenarios::Random random(seed);
  std::string text;
  text.reserve(std::size_t{words} * 6);
  for (std::uint32_t i = 0; i < words; ++i) {
    if (i > 0) text += ' ';
    text += words_[random.next() % words_.size()];
  }
  return text;
}

}  // namespace squall::agents
