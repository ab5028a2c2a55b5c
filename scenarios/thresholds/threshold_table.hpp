#pragma once
// The table that adaptive thresholds are made from: limits to begin with, and what each class of
// hardware, size of model and environment does to them. Read from TOML or JSON.
//
//   [base]                    max_ttft_p95 = "1s"
//   [hardware.cpu-low-end]    max_ttft_p95 = "*3"
//   [model.medium]            max_ttft_p95 = "*4"
//   [environment.ci]          max_ttft_p95 = "*1.5"

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/hardware/hardware_profile.hpp"
#include "scenarios/schema/scenario_document.hpp"
#include "scenarios/thresholds/limit_name.hpp"

namespace squall::scenarios {

enum class Environment : unsigned char { development, ci, staging, production, benchmarking };

inline constexpr std::array all_environments{Environment::development, Environment::ci,
                                             Environment::staging, Environment::production,
                                             Environment::benchmarking};
inline constexpr std::array all_hardware_classes{
    HardwareClass::gpu_high_end, HardwareClass::gpu_mid_range, HardwareClass::gpu_integrated,
    HardwareClass::cpu_high_end, HardwareClass::cpu_mid_range, HardwareClass::cpu_low_end,
    HardwareClass::mobile,       HardwareClass::unknown};
inline constexpr std::array all_model_sizes{ModelSize::tiny,        ModelSize::small,
                                            ModelSize::medium,      ModelSize::large,
                                            ModelSize::extra_large, ModelSize::unknown};

std::string_view name_of(Environment environment);
std::optional<Environment> find_environment(std::string_view name);

/// One line of a table, of a scenario's [adaptive], or an environment variable.
struct LimitRule {
  LimitName limit;
  LimitChange change;
  std::string source;  // "defaults.toml:12", "SQUALL_MAX_TTFT_P95"
  unsigned line = 0;   // of a scenario, which does not know its own file
};

using LimitRules = std::vector<LimitRule>;

struct ThresholdTable {
  LimitRules base;
  std::map<HardwareClass, LimitRules> hardware;
  std::map<ModelSize, LimitRules> model;
  std::map<Environment, LimitRules> environment;

  /// Rules of `other` take the place of those of the same part and limit; new ones are added.
  void replace_by(const ThresholdTable& other);
};

/// `file` names the table in messages and in the rules' sources, and says whether it is JSON
/// (".json") or TOML. Throws ScenarioError with all mistakes.
ThresholdTable parse_threshold_table(std::string_view text, const std::string& file);

/// The table that is shipped, part of the program.
const ThresholdTable& default_thresholds();
std::string_view default_thresholds_text();

class TableReader;
/// Reads the limits among the keys of one table; `others` are keys that it may have besides.
LimitRules read_limit_rules(const TableReader& reader, std::span<const std::string_view> others);

}  // namespace squall::scenarios
