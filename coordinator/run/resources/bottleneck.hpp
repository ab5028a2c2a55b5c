#pragma once
// What held a run back, named from evidence: for each thing that can be the limit, how near to it
// the measured phase came, and by which figures. A pure function of the record; what there is no
// evidence for is "not known" and never guessed. Formulas: docs/resources.md.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

enum class Limit : unsigned char {
  client_cpu,        // the load generator's own
  network,           // between agents and target
  kv_memory,         // pages for keys and values
  memory_bandwidth,  // weights, keys and values read for each token
  arithmetic,        // multiply-adds for each token
  queueing           // requests wait for a place, whatever the reason
};
inline constexpr std::size_t limit_count = 6;

enum class Nearness : unsigned char { not_known, clear, near, reached };

struct Evidence {
  Limit limit{};
  Nearness nearness = Nearness::not_known;
  std::optional<double> share;  // of what there is; may be above 1
  std::string figures;          // "41.2 of 52.0 GB/s"; where nothing is known: why
};

struct Bottleneck {
  std::optional<Limit> limit;      // none: nothing was seen at its limit
  std::string sentence;            // in words, for people
  std::vector<Evidence> evidence;  // of each limit, in the order of Limit
};

/// A share of a ceiling from which on it is near, and reached.
inline constexpr double near_share = 0.5, reached_share = 0.7;

Bottleneck find_bottleneck(const RunRecord& record);

/// "memory bandwidth", "client CPU"; as reports write it.
std::string_view name_of(Limit limit);
std::string_view name_of(Nearness nearness);

}  // namespace squall::coordinator
