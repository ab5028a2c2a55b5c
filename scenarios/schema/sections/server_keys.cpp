#include "scenarios/schema/sections/server_keys.hpp"

#include <algorithm>
#include <charconv>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/sections/section_table.hpp"
#include "scenarios/text/words.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using std::string_view;

constexpr string_view url_example = "url = \"http://127.0.0.1:8080/v1\"";
constexpr std::size_t most_headers = 32;
constexpr string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr string_view digits = "0123456789";

bool consists_of(string_view text, std::initializer_list<string_view> allowed) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::any_of(allowed.begin(), allowed.end(), [c](string_view characters) {
      return characters.find(c) != string_view::npos;
    });
  });
}

bool is_port(string_view text) {
  unsigned port = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, port);
  return read.ec == std::errc{} && read.ptr == end && port >= 1 && port <= 65535;
}

// "host", "host:80", "[::1]", "[::1]:80".
bool is_host_and_port(string_view text) {
  string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == string_view::npos || close < 3) return false;
    if (!consists_of(text.substr(1, close - 1), {digits, "abcdefABCDEF:."})) return false;
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const string_view host = text.substr(0, colon);
    if (host.empty() || !consists_of(host, {letters, digits, ".-_"})) return false;
    rest = text.substr(colon);
  }
  return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
}

// What is wrong with an address, or nothing. What may hold a password is never repeated.
std::string mistake_of_url(string_view url) {
  const std::string remedy = "; write one as in " + std::string(url_example);
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  const string_view rest = url.substr(scheme);
  const std::size_t path = std::min(rest.find_first_of("/?#"), rest.size());
  if (rest.substr(0, path).find('@') != string_view::npos) {
    return "'url' must not hold a user name or password (the part before '@'): scenarios are "
           "stored "
           "and shown; put a key into the environment variable that 'api_key_variable' names";
  }
  const std::string shown = url.find('@') == string_view::npos ? ": " + quoted(url) : "";
  if (scheme == 0) return "'url' must begin with http:// or https://" + shown + remedy;
  if (url.size() > longest_address) {
    return "'url' must be at most " + std::to_string(longest_address) + " bytes long";
  }
  if (!is_host_and_port(rest.substr(0, path))) {
    return "'url' has no valid host and port after '//'" + shown + remedy;
  }
  const auto unprintable = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte >= 0x7F;
  };
  if (rest.find_first_of("?#") != string_view::npos ||
      std::any_of(rest.begin(), rest.end(), unprintable)) {
    return "'url' must be a plain address without '?', '#', blanks or other than ASCII letters" +
           shown + remedy;
  }
  return {};
}

void read_url(const TableReader& reader, OpenAiSettings& server) {
  const DocumentEntry* const entry = reader.require("url", url_example);
  auto url = reader.text("url");
  if (!url) return;
  if (const std::string mistake = mistake_of_url(*url); !mistake.empty()) {
    reader.mistakes().add(entry->value.place, mistake);
    return;
  }
  while (url->ends_with('/')) url->pop_back();  // routes are appended
  server.url = std::move(*url);
}

void read_api_key(const TableReader& reader, OpenAiSettings& server) {
  const DocumentEntry* const variable = reader.find("api_key_variable");
  const DocumentEntry* const file = reader.find("api_key_file");
  if (variable != nullptr && file != nullptr) {
    reader.mistakes().add(later_of(*variable, *file).key_place,
                          "[target] takes 'api_key_variable' or 'api_key_file', not both; remove "
                          "one of them");
  }
  if (auto name = reader.text("api_key_variable")) {
    // What is no name may be the key itself: it is not repeated.
    if (name->empty() || name->size() > longest_name ||
        digits.find(name->front()) != string_view::npos ||
        !consists_of(*name, {letters, digits, "_"})) {
      reader.mistakes().add(variable->value.place,
                            "'api_key_variable' is the name of an environment variable such as "
                            "\"OPENAI_API_KEY\", never the key itself");
    }
    server.api_key_variable = std::move(*name);
  }
  assign(server.api_key_file, reader.line("api_key_file", longest_path));
}

std::string mistake_of_header(const DocumentEntry& header) {
  constexpr auto secret = std::to_array<string_view>(
      {"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"});
  constexpr auto own = std::to_array<string_view>(
      {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept",
       "accept-encoding", "expect", "te", "trailer", "upgrade", "user-agent"});
  const std::string lower = squall::scenarios::lower(header.key);
  const std::string name = "header " + quoted(header.key);
  if (lower.empty() || lower.size() > longest_name ||
      !consists_of(lower, {letters, digits, "!#$%&'*+-.^_`|~"})) {
    return name + " is no name of a header; it has letters, digits and '-' only";
  }
  if (std::find(secret.begin(), secret.end(), lower) != secret.end()) {
    return name +
           " would hold a secret, and scenarios are stored and shown; put the key into the "
           "environment variable that 'api_key_variable' names, or into 'api_key_file'";
  }
  if (std::find(own.begin(), own.end(), lower) != own.end()) {
    return name + " is written by the target itself; remove it";
  }
  if (header.value.kind != Kind::text) return wrong_kind(header, "a string");
  const std::string& text = header.value.text;
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7F;
  });
  if (!plain || text.size() > longest_address) {
    return name + " must be one line of at most " + std::to_string(longest_address) +
           " ASCII characters";
  }
  return {};
}

void read_headers(const TableReader& reader, OpenAiSettings& server) {
  const DocumentEntry* const entry = reader.find("headers");
  if (entry == nullptr) return;
  Mistakes& mistakes = reader.mistakes();
  if (entry->value.kind != Kind::table) {
    mistakes.add(entry->value.place, wrong_kind(*entry, "a table such as { X-Team = \"search\" }"));
    return;
  }
  if (entry->value.entries.size() > most_headers) {
    mistakes.add(entry->value.place, "'headers' takes at most 32 headers");
    return;
  }
  std::vector<std::string> seen;
  for (const DocumentEntry& header : entry->value.entries) {
    std::string mistake = mistake_of_header(header);
    const std::string lower = squall::scenarios::lower(header.key);
    if (mistake.empty() && std::find(seen.begin(), seen.end(), lower) != seen.end()) {
      mistake = "header " + quoted(header.key) +
                " stands here twice: capital letters make no other name; remove one";
    }
    if (!mistake.empty()) mistakes.add(header.key_place, std::move(mistake));
    seen.push_back(lower);
    server.headers.emplace_back(header.key, header.value.text);
  }
}

}  // namespace

void read_server_keys(const TableReader& reader, TargetSettings& target) {
  constexpr std::array<string_view, 2> apis{"chat", "completions"};  // in the order of Api
  OpenAiSettings& server = target.openai;
  read_url(reader, server);
  assign(target.model, reader.line("model", longest_path));
  assign(server.api, reader.choice("api", apis, "APIs"));
  assign(server.stream, reader.flag("stream"));
  assign(server.ignore_end_token, reader.flag("ignore_end_token"));
  target.stop_at_end_token = !server.ignore_end_token;
  read_api_key(reader, server);
  read_headers(reader, server);
  assign(server.ca_file, reader.line("ca_file", longest_path));
  assign(server.tokenizer, reader.line("tokenizer", longest_path));
  assign(server.max_connections, reader.whole("max_connections", 0, 1'000'000));
  assign(server.connect_timeout, reader.duration("connect_timeout", positive_duration));
  if (server.ca_file.size() > 0 && server.url.starts_with("http://")) {
    reader.mistakes().add(reader.find("ca_file")->key_place,
                          "'ca_file' is for https:// addresses, and 'url' is none; remove it, or "
                          "write https://");
  }
}

}  // namespace squall::scenarios
