#include "scenarios/schema/nearest_name.hpp"

#include <algorithm>
#include <vector>

#include "scenarios/text/words.hpp"

namespace squall::scenarios {

namespace {

// No name of ours is longer; it also bounds the work that a hostile word can cause.
constexpr std::size_t longest_name = 40;

// Optimal string alignment: insertions, deletions, replacements, swaps of neighbours, each 1.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before(to.size() + 1), previous(to.size() + 1), current(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const bool same = lower(from[i - 1]) == lower(to[j - 1]);
      current[j] =
          std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0u : 1u)});
      const bool swapped = i > 1 && j > 1 && lower(from[i - 1]) == lower(to[j - 2]) &&
                           lower(from[i - 2]) == lower(to[j - 1]);
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[to.size()];
}

void append_visible(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
    const bool second_control_set = byte == 0xC2 && next >= 0x80 && next < 0xA0;  // U+0080..9F
    if (byte < 0x20 || byte == 0x7F || second_control_set) {
      const unsigned code = second_control_set ? next : byte;
      out += {'\\', 'x', digits[code >> 4], digits[code & 15]};
      if (second_control_set) ++i;
    } else {
      out += text[i];
    }
  }
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > longest_name) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, (word.size() + 1) / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    // A distance of the whole candidate shares not one letter with it.
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string nearest_or_all(std::string_view word, std::span<const std::string_view> candidates,
                           std::string_view plural) {
  const std::string_view near = nearest(word, candidates);
  if (!near.empty()) return "; did you mean '" + std::string(near) + "'?";
  std::string all = "; known " + std::string(plural) + ": ";
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) all += ", ";
    all += candidates[i];
  }
  return all;
}

std::string visible(std::string_view text, std::size_t longest) {
  std::string result;
  if (text.size() <= longest) {
    append_visible(result, text);
    return result;
  }
  std::size_t cut = longest;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;  // whole letters
  append_visible(result, text.substr(0, cut));
  return result + "…";
}

std::string quoted(std::string_view text) { return "'" + visible(text) + "'"; }

}  // namespace squall::scenarios
