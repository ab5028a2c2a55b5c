#include "scenarios/schema/sections/target_section.hpp"

#include <algorithm>
#include <span>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/sections/engine_keys.hpp"
#include "scenarios/schema/sections/section_table.hpp"
#include "scenarios/schema/sections/server_keys.hpp"
#include "scenarios/schema/sections/simulated_keys.hpp"

namespace squall::scenarios {

namespace {

using std::string_view;

constexpr auto kinds =
    std::to_array<string_view>({"engine", "openai", "simulated"});  // in the order of TargetKind

// Where the keys of each kind begin in target_keys; those before the first are for all.
std::span<const string_view> between(string_view first, string_view end) {
  const auto begin = std::find(target_keys.begin(), target_keys.end(), first);
  return {begin, std::find(begin, target_keys.end(), end)};
}

bool is_one_of(std::span<const string_view> keys, string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Which kinds take the key, as the file would write them.
std::string takers_of(string_view key) {
  if (is_one_of(between("model_choice", "model"), key)) return "\"engine\"";
  if (is_one_of(between("model", "url"), key)) return "\"engine\" or \"openai\"";
  if (is_one_of(between("url", "first_token"), key)) return "\"openai\"";
  if (is_one_of(between("first_token", ""), key)) return "\"simulated\"";
  return {};
}

void refuse_keys_of_other_kinds(const TableReader& reader, TargetKind kind) {
  const std::string own = '"' + std::string(kinds[static_cast<std::size_t>(kind)]) + '"';
  for (const DocumentEntry& entry : reader.entries()) {
    const std::string takers = takers_of(entry.key);
    if (takers.empty() || takers.find(own) != std::string::npos) continue;
    reader.mistakes().add(entry.key_place, quoted(entry.key) + " is for targets of kind " + takers +
                                               ", and this one is of kind " + own +
                                               "; remove it, or change 'kind'");
  }
}

void read_retries(const TableReader& reader, Retries& retries) {
  reader.require("attempts", "attempts = 3, the first one included");
  assign(retries.attempts, reader.whole("attempts", 1, 100));
  assign(retries.first_pause, reader.duration("first_pause", any_duration));
  assign(retries.factor, reader.number("factor", {1, 100}));
  const DocumentEntry* const longest = reader.find("longest_pause");
  assign(retries.longest_pause, reader.duration("longest_pause", any_duration));
  if (longest == nullptr) {
    retries.longest_pause = std::max(retries.longest_pause, retries.first_pause);
  } else if (retries.longest_pause < retries.first_pause) {
    reader.mistakes().add(longest->value.place, "'longest_pause' is shorter than 'first_pause'");
  }
  assign(retries.jitter, reader.number("jitter", share_of_one));
}

void read_breaker(const TableReader& reader, CircuitBreaker& breaker) {
  reader.require("failures", "failures = 5, in a row, that open it");
  assign(breaker.failures, reader.whole("failures", 1, 1'000'000));
  assign(breaker.open_for, reader.duration("open_for", positive_duration));
  assign(breaker.probes, reader.whole("probes", 1, 1'000'000));
}

void read_cache(const TableReader& reader, ResponseCache& cache) {
  reader.require("time_to_live", "time_to_live = \"1m\"");
  assign(cache.time_to_live, reader.duration("time_to_live", positive_duration));
  assign(cache.bytes, reader.bytes("memory", std::uint64_t{1} << 20, std::uint64_t{1} << 40));
}

void read_sampling(const TableReader& reader, TargetSettings& target) {
  assign(target.temperature, reader.number("temperature", {0, 5}));
  assign(target.top_k, reader.whole("top_k", 0, 1'000'000));
  assign(target.top_p, reader.number("top_p", share_of_one));
  assign(target.min_p, reader.number("min_p", share_of_one));
  assign(target.repetition_penalty, reader.number("repetition_penalty", {0, 10, true}));
}

void read_patience(const TableReader& reader, TargetSettings& target) {
  assign(target.timeout, reader.duration("timeout", positive_duration));
  assign(target.first_token_timeout, reader.duration("first_token_timeout", any_duration));
  assign(target.token_gap_timeout, reader.duration("token_gap_timeout", any_duration));
}

}  // namespace

void read_target(const TableReader& reader, TargetSettings& target) {
  read_patience(reader, target);
  Mistakes& mistakes = reader.mistakes();
  const DocumentNode& table = reader.table();
  with_section(table, retries_section, "retries", mistakes,
               [&](const TableReader& retries) { read_retries(retries, target.retries); });
  with_section(table, breaker_section, "breaker", mistakes,
               [&](const TableReader& breaker) { read_breaker(breaker, target.breaker); });
  with_section(table, cache_section, "cache", mistakes,
               [&](const TableReader& cache) { read_cache(cache, target.cache); });

  const auto kind = reader.choice("kind", kinds, "kinds");
  if (!kind && reader.find("kind") != nullptr) return;  // which keys belong is not known
  assign(target.kind, kind);
  refuse_keys_of_other_kinds(reader, target.kind);
  switch (target.kind) {
    case TargetKind::engine:
      read_engine_keys(reader, target);
      read_sampling(reader, target);
      break;
    case TargetKind::openai:
      read_server_keys(reader, target);
      read_sampling(reader, target);
      break;
    case TargetKind::simulated:
      read_simulated_keys(reader, target.simulated);
      break;
  }
}

}  // namespace squall::scenarios
