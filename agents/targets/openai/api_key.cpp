#include "agents/targets/openai/api_key.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace squall::agents {

namespace {

constexpr std::size_t longest_key = 8192;
constexpr std::string_view shown_instead = "(key)";

ApiKey checked(std::string text, const std::string& where) {
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
    text.pop_back();
  const auto prints = [](char c) { return c > ' ' && c < '\x7F'; };
  if (!std::ranges::all_of(text, prints))
    throw std::invalid_argument("the API key in " + where +
                                " has spaces, line ends or letters that are not ASCII; it must be "
                                "one word");
  return ApiKey(std::move(text));
}

}  // namespace

std::string ApiKey::removed_from(std::string_view text) const {
  std::string clean(text);
  if (secret_.empty()) return clean;
  for (auto at = clean.find(secret_); at != std::string::npos;) {
    clean.replace(at, secret_.size(), shown_instead);
    at = clean.find(secret_, at + shown_instead.size());
  }
  // Some servers repeat only the key's ends: "sk-ab***********yz".
  for (std::size_t stars = clean.find("**"); stars != std::string::npos;
       stars = clean.find("**", stars)) {
    const auto is_word = [](char c) { return c > ' ' && c != '"' && c != '\'' && c < '\x7F'; };
    auto begin = stars, end = stars;
    while (begin > 0 && is_word(clean[begin - 1])) --begin;
    while (end < clean.size() && is_word(clean[end])) ++end;
    clean.replace(begin, end - begin, shown_instead);
    stars = begin;
  }
  return clean;
}

ApiKey find_api_key(const scenarios::OpenAiSettings& settings, const std::filesystem::path& folder,
                    const Environment& environment) {
  if (settings.api_key_file.empty()) {
    if (settings.api_key_variable.empty()) return {};
    return checked(environment(settings.api_key_variable.c_str()),
                   "the variable " + settings.api_key_variable);
  }
  std::ifstream file(folder / settings.api_key_file, std::ios::binary);
  std::string text(longest_key + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const std::string where = "the file '" + settings.api_key_file + "'";
  if (text.empty()) throw std::invalid_argument(where + " cannot be read or has no API key in it");
  if (text.size() > longest_key) throw std::invalid_argument(where + " is too long for an API key");
  ApiKey key = checked(std::move(text), where);
  if (key.empty()) throw std::invalid_argument(where + " has no API key in it");
  return key;
}

}  // namespace squall::agents
