#pragma once
// A scenario: what a run is and what it must achieve, as plain validated structs.
//
// scenario_parser turns TOML text into this; nothing here reads a file, a clock or a random number.
// Values hold their units in their types; a Scenario that exists is valid.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scenarios/load/distribution.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::scenarios {

using std::chrono::nanoseconds;

enum class Device { automatic, cpu };

/// Which model a run is about: a real one or an error; a real one, or a synthetic stand-in with a
/// warning in every report; or the synthetic one.
enum class ModelChoice { real, prefer_real, synthetic };

/// How the engine keeps keys and values.
enum class KvFormat { f16, q8_0, f32 };

/// What answers the requests: for now the embedded engine.
struct TargetSettings {
  std::string model;                                  // path, name, or "synthetic:llama-15m/q8_0"
  std::optional<ModelChoice> model_choice;            // none: as `model` says, synthetic or real
  std::string fallback = "synthetic:llama-15m/q8_0";  // stands in for a real model
  std::vector<std::string> sources;  // http(s) addresses of the model's file, tried in this order
  std::string sha256;                // of that file, 64 lower-case digits; empty: not known
  Device device = Device::automatic;
  unsigned threads = 0;          // 0: leave one core to the load generator
  unsigned max_batch = 64;       // requests that share one engine step, at most
  unsigned prefill_chunk = 128;  // prompt tokens in one step, over all requests
  KvFormat kv_format = KvFormat::f16;
  std::uint64_t kv_memory = 0;  // bytes for keys and values; 0: a share of what is free
  bool reuse_prefixes = true;   // prompts that begin alike are computed once
  nanoseconds timeout = std::chrono::seconds(60);  // from the intended start to the last token
  double temperature = 0;                          // 0: greedy
  unsigned top_k = 0;                              // only the so many likeliest tokens; 0: all
  double top_p = 1;                // only the likeliest that have this share together; 1: all
  double min_p = 0;                // only those at least this share of the likeliest; 0: all
  double repetition_penalty = 1;   // against recent tokens; 1: none
  bool stop_at_end_token = false;  // false: every answer has exactly its planned length
};

/// Closed model: a fixed number of users, each of whom waits for its answer, thinks, asks again.
struct ClosedUsers {
  unsigned count = 1;
  nanoseconds ramp{0};                                  // user i of n starts at ramp * i / n
  Distribution think_time = Distribution::constant(0);  // seconds
};

/// Open model: requests arrive whether or not earlier ones were answered.
struct OpenArrivals {
  enum class Process { constant, poisson } process = Process::poisson;
  double rate = 1;  // arrivals per second over all agents
};

using Load = std::variant<ClosedUsers, OpenArrivals>;

struct PromptsFromFile {
  std::string file;  // one prompt a line; relative to the scenario file
};
struct SyntheticPrompts {
  Distribution tokens = Distribution::constant(32);
};
using Prompts = std::variant<PromptsFromFile, SyntheticPrompts>;

struct Answers {
  Distribution tokens = Distribution::constant(32);
};

struct Phases {
  nanoseconds warm_up{0};  // load runs, figures are kept apart
  nanoseconds measure = std::chrono::seconds(30);
  nanoseconds drain = std::chrono::seconds(10);  // nothing new starts; what is open may finish
};

struct Scenario {
  std::string name;
  std::string description;
  std::uint64_t seed = 1;
  TargetSettings target;
  Load load = ClosedUsers{};
  Prompts prompts = SyntheticPrompts{};
  Answers answers;
  Phases phases;
  std::vector<Threshold> thresholds;
};

}  // namespace squall::scenarios
