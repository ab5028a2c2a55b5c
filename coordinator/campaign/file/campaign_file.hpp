#pragma once
// A campaign: which scenario is run with which settings, how often, in which order, and when to
// stop. parse_campaign() turns TOML text into this; every mistake is told with line, column and
// remedy. docs/campaigns.md is the same for people.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/schema/scenario_document.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

/// One value of an axis.
struct AxisValue {
  std::string setting;  // TOML, as --set takes it
  std::string label;    // for people: a string without its quotes
  std::optional<double> number;
  scenarios::Place place;
};

/// A setting that is varied, and its values: every combination of all axes' values is a cell.
struct CampaignAxis {
  std::string key;    // "users.count"; axis_of_formats
  std::string title;  // "users": what cells and reports call it
  std::vector<AxisValue> values;
  scenarios::Place place;
};

/// The format of a model's weights is part of the model's name, not a key of its own.
inline constexpr std::string_view axis_of_formats = "format";

/// One way to run it among several that are named, such as a local engine and a server.
struct CampaignVariant {
  std::string name;
  std::string scenario;  // empty: the campaign's
  std::vector<std::string> settings;
  scenarios::DocumentNode replace;  // tables that take the place of the scenario's own
  scenarios::Place place;
};

/// Combinations that are left out: all of these axes have one of these values.
struct CampaignExclude {
  struct Match {
    std::string title;
    std::vector<std::string> labels;
  };
  std::vector<Match> all_of;
  scenarios::Place place;
};

enum class CampaignOrder {
  as_written,   // all repeats of the first cell, then of the second
  random,       // all runs shuffled by the seed
  interleaved,  // each cell once, then each once again in reverse order: A B B A
};

struct StopRules {
  unsigned failures = 0;  // after so many runs that failed, were invalid or told nothing; 0: never
  bool regression = false;  // after a cell that is certainly worse than its accepted runs
};

struct CampaignFile {
  std::string name, description;
  std::string file;      // for messages
  std::string scenario;  // path from the campaign's folder; empty: from the command line
  std::vector<std::string> settings;  // of every run: "phases.measure=10s"
  std::vector<std::string> options;   // of every run: "--agents=2"
  scenarios::DocumentNode replace;
  std::vector<CampaignVariant> variants;  // none: the scenario as it is
  std::vector<CampaignAxis> axes;
  std::vector<CampaignExclude> excludes;
  CampaignOrder order = CampaignOrder::as_written;
  std::uint64_t seed = 1;  // of the random order
  unsigned repeats = 1;
  nanoseconds cool_down{0};  // between two runs
  nanoseconds budget{0};     // no run begins that would end later; 0: no limit
  StopRules stop;
  std::vector<std::string> gates;  // as --gate of squall compare takes them
  bool only_these_gates = false;
  scenarios::Place name_place, scenario_place, matrix_place;
};

inline constexpr std::size_t most_cells = 2000;

/// `file` is used in messages only. Throws scenarios::ScenarioError.
CampaignFile parse_campaign(std::string_view toml_text, const std::string& file);

/// "as written", "random", "interleaved".
std::string_view word(CampaignOrder order);

}  // namespace squall::coordinator
