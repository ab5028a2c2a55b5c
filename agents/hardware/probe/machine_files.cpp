#include "agents/hardware/probe/machine_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <string_view>

namespace squall::agents {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t file_limit = 4U << 20;
constexpr std::size_t list_limit = 65'536;

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  text = trimmed(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::vector<int>> number_list(std::string_view text) {
  std::vector<int> numbers;
  for (text = trimmed(text); !text.empty();) {
    const auto comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    const auto dash = part.find('-');
    const auto first = whole_number(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : whole_number(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first ||
        static_cast<std::uint64_t>(*last) - *first + numbers.size() >= list_limit)
      return std::nullopt;
    for (auto each = *first; each <= *last; ++each) numbers.push_back(static_cast<int>(each));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return numbers;
}

std::optional<std::string> MachineFiles::text(const fs::path& path) const {
  std::error_code error;
  const fs::path whole = root_ / path;
  if (!fs::is_regular_file(whole, error)) return std::nullopt;  // never block on a pipe or a device
  std::ifstream file(whole, std::ios::binary);
  if (!file) return std::nullopt;
  std::string content;
  std::array<char, 16 << 10> part;
  while (content.size() < file_limit && file.read(part.data(), part.size()).gcount() > 0)
    content.append(part.data(), static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return std::nullopt;
  return content;
}

std::optional<std::string> MachineFiles::line(const fs::path& path) const {
  const auto whole = text(path);
  if (!whole) return std::nullopt;
  const std::string_view first = trimmed(std::string_view(*whole).substr(0, whole->find('\n')));
  if (first.empty()) return std::nullopt;
  return std::string(first);
}

std::optional<std::int64_t> MachineFiles::number(const fs::path& path) const {
  const auto first = line(path);
  return first ? whole_number(*first) : std::nullopt;
}

bool MachineFiles::exists(const fs::path& path) const {
  std::error_code error;
  return fs::exists(root_ / path, error);
}

std::vector<std::string> MachineFiles::names(const fs::path& folder) const {
  std::vector<std::string> found;
  std::error_code error;
  fs::directory_iterator each(root_ / folder, error);
  for (; !error && each != fs::directory_iterator(); each.increment(error))
    found.push_back(each->path().filename().string());
  std::sort(found.begin(), found.end());
  return found;
}

std::string MachineFiles::link_name(const fs::path& path) const {
  std::error_code error;
  return fs::read_symlink(root_ / path, error).filename().string();
}

}  // namespace squall::agents
