#pragma once
// Which tables a scenario has and which keys each takes, and how a table of a file is entered.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "scenarios/schema/distribution_reader.hpp"
#include "scenarios/schema/scenario_reader.hpp"

namespace squall::scenarios {

inline constexpr auto file_keys = std::to_array<std::string_view>(
    {"name", "description", "seed", "thresholds", "target", "users", "arrivals", "trace", "prompts",
     "answers", "categories", "accuracy", "agents", "phases", "slo", "adaptive"});
inline constexpr auto target_keys = std::to_array<std::string_view>(
    {"kind",
     // every kind
     "timeout", "first_token_timeout", "token_gap_timeout", "retries", "breaker", "cache",
     // an engine
     "model_choice", "fallback", "sources", "sha256", "device", "device_index", "gpu_memory",
     "require_gpu", "threads", "max_batch", "prefill_chunk", "kv_format", "kv_memory",
     "reuse_prefixes", "stop_at_end_token",
     // an engine and a server
     "model", "temperature", "top_k", "top_p", "min_p", "repetition_penalty",
     // a server
     "url", "api", "stream", "ignore_end_token", "api_key_variable", "api_key_file", "headers",
     "ca_file", "tokenizer", "max_connections", "connect_timeout",
     // a law of service times
     "first_token", "token_gap", "servers", "error_rate", "refuse_rate", "freezes", "slow_agent",
     "slow_factor"});
inline constexpr auto retries_keys = std::to_array<std::string_view>(
    {"attempts", "first_pause", "factor", "longest_pause", "jitter"});
inline constexpr auto breaker_keys =
    std::to_array<std::string_view>({"failures", "open_for", "probes"});
inline constexpr auto cache_keys = std::to_array<std::string_view>({"time_to_live", "memory"});
inline constexpr auto users_keys = std::to_array<std::string_view>(
    {"count", "ramp", "shape", "stages", "think_time", "turns", "pause", "system_prompt"});
inline constexpr auto arrivals_keys = std::to_array<std::string_view>(
    {"process", "rate", "shape", "stages", "burstiness", "max_in_flight", "when_full"});
inline constexpr auto trace_keys = std::to_array<std::string_view>(
    {"file", "format", "time_scale", "skip", "limit", "max_in_flight", "when_full"});
inline constexpr auto prompts_keys =
    std::to_array<std::string_view>({"tokens", "file", "format", "field", "shared_prefix"});
inline constexpr auto answers_keys = std::to_array<std::string_view>({"tokens"});
inline constexpr auto category_keys =
    std::to_array<std::string_view>({"name", "weight", "prompts", "answers"});
inline constexpr auto accuracy_keys = std::to_array<std::string_view>({"sample", "time_limit"});
inline constexpr auto agents_keys = std::to_array<std::string_view>(
    {"require", "weights", "may_lose", "take_over_ramp", "may_pause"});
/// Beside the names of limits, which limit_name knows.
inline constexpr auto adaptive_keys =
    std::to_array<std::string_view>({"environment", "hardware", "model_size", "file"});
inline constexpr auto phases_keys =
    std::to_array<std::string_view>({"warm_up", "measure", "drain"});

inline constexpr Section top_section{"the top of the file, above its first [table]", file_keys};
inline constexpr Section target_section{"[target]", target_keys};
inline constexpr Section retries_section{"[target.retries]", retries_keys};
inline constexpr Section breaker_section{"[target.breaker]", breaker_keys};
inline constexpr Section cache_section{"[target.cache]", cache_keys};
inline constexpr Section users_section{"[users]", users_keys};
inline constexpr Section arrivals_section{"[arrivals]", arrivals_keys};
inline constexpr Section trace_section{"[trace]", trace_keys};
inline constexpr Section prompts_section{"[prompts]", prompts_keys};
inline constexpr Section answers_section{"[answers]", answers_keys};
inline constexpr Section categories_section{"[[categories]]", category_keys};
inline constexpr Section accuracy_section{"[accuracy]", accuracy_keys};
inline constexpr Section agents_section{"[agents]", agents_keys};
inline constexpr Section phases_section{"[phases]", phases_keys};

/// Every section, so that a key in the wrong one can be sent home.
inline constexpr std::array sections{
    top_section,        target_section,   retries_section, breaker_section, cache_section,
    users_section,      arrivals_section, trace_section,   prompts_section, answers_section,
    categories_section, accuracy_section, agents_section,  phases_section};

inline constexpr double days = 24 * 3600;
inline constexpr NumberRange any_duration{0, 30 * days};
inline constexpr NumberRange positive_duration{0, 30 * days, true};
inline constexpr NumberRange share_of_one{0, 1};
inline constexpr std::size_t longest_name = 100;
inline constexpr std::size_t longest_path = 1000;
inline constexpr std::size_t longest_address = 4000;

template <class T, class U>
void assign(T& field, const std::optional<U>& value) {
  if (value) field = static_cast<T>(*value);
}

/// Leaves `field` alone when the key is absent or wrong.
inline void read_distribution_into(const TableReader& reader, std::string_view key,
                                   DistributionUnit unit, Distribution& field) {
  if (const DocumentEntry* const entry = reader.find(key)) {
    assign(field, read_distribution(*entry, unit, reader.mistakes()));
  }
}

/// Gives `read` a reader of the section when `parent` has it. Notes keys that it does not take.
template <class Read>
void with_section(const DocumentNode& parent, const Section& section, std::string_view key,
                  Mistakes& mistakes, Read read) {
  const DocumentEntry* const entry = parent.find(key);
  if (entry == nullptr) return;
  const std::string title(section.title);
  if (entry->value.kind != DocumentNode::Kind::table) {
    mistakes.add(entry->key_place, wrong_kind(*entry, "a table, opened by the line " + title));
    return;
  }
  const TableReader reader(entry->value, title, mistakes);
  reader.refuse_unknown_keys(section.keys, sections);
  read(reader);
}

/// Whichever of two entries stands later in the file: the one that is too much.
inline const DocumentEntry& later_of(const DocumentEntry& one, const DocumentEntry& other) {
  const Place& first = one.key_place;
  const Place& second = other.key_place;
  const bool one_later =
      first.line != second.line ? first.line > second.line : first.column > second.column;
  return one_later ? one : other;
}

}  // namespace squall::scenarios
