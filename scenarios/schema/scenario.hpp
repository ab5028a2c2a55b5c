#pragma once
// A scenario: what a run is and what it must achieve, as plain validated structs.
//
// scenario_parser turns TOML text into this; nothing here reads a file, a clock or a random number.
// Values hold their units in their types; a Scenario that exists is valid.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "scenarios/load/distribution.hpp"
#include "scenarios/load/load_shape.hpp"
#include "scenarios/thresholds/adaptive_thresholds.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::scenarios {

using std::chrono::nanoseconds;

/// What computes. A GPU that is missing, or too small for all layers, is replaced by the CPU unless
/// it is required.
enum class Device { automatic, cpu, gpu, hybrid };

/// Which model a run is about: a real one or an error; a real one, or a synthetic stand-in with a
/// warning in every report; or the synthetic one.
enum class ModelChoice { real, prefer_real, synthetic };

/// How the engine keeps keys and values.
enum class KvFormat { f16, q8_0, f32 };

/// What answers the requests: the embedded engine, a server that speaks OpenAI's API, or nothing
/// but a law of service times (said so in every output).
enum class TargetKind { engine, openai, simulated };

/// A server that speaks OpenAI's API.
struct OpenAiSettings {
  enum class Api { chat, completions };

  std::string url;  // of the API: "http://127.0.0.1:8000/v1"
  Api api = Api::chat;
  bool stream = true;
  bool ignore_end_token = true;  // asks for answers of exactly the planned length, by the fields
                                 // that llama.cpp, vLLM and squall serve understand
  std::string api_key_variable = "OPENAI_API_KEY";  // read on the agent, never printed
  std::string api_key_file;                         // instead of the variable
  std::vector<std::pair<std::string, std::string>> headers;
  std::string ca_file;           // authorities to trust instead of the system's
  std::string tokenizer;         // a GGUF file whose tokenizer counts prompts; empty: estimated
  unsigned max_connections = 0;  // 0: as many as requests are in flight
  nanoseconds connect_timeout = std::chrono::seconds(5);
};

/// Service times from a known law: to prove the tool, and to try scenarios without a server.
struct SimulatedSettings {
  struct Freeze {  // nothing is answered meanwhile; what would have been comes at its end
    nanoseconds at{0}, length{0};  // since the common start
  };

  Distribution first_token = Distribution::constant(0.05);  // seconds, from the dispatch
  Distribution token_gap = Distribution::constant(0.01);    // seconds
  unsigned servers = 0;    // requests served at once, others queue; 0: all
  double error_rate = 0;   // this share of requests fails instead of its first token
  double refuse_rate = 0;  // this share is refused at once
  std::vector<Freeze> freezes;
  int slow_agent = -1;     // the share with this index …
  double slow_factor = 1;  // … has service times so many times longer
};

/// Another attempt after a failure that may pass. The latency counts from the first intended start.
struct Retries {
  unsigned attempts = 1;  // in all; 1: no retries
  nanoseconds first_pause = std::chrono::milliseconds(200);
  double factor = 2;
  nanoseconds longest_pause = std::chrono::seconds(10);
  double jitter = 0.5;  // a pause is multiplied by a seeded value in [1 - jitter, 1]
};

/// Asks a failing target no more for a while: closed -> open -> half-open -> closed.
struct CircuitBreaker {
  unsigned failures = 0;  // in a row that open it; 0: no breaker
  nanoseconds open_for = std::chrono::seconds(5);
  unsigned probes = 1;  // requests let through while half-open; all must succeed to close
};

/// Equal requests are answered from memory. Hits are a series of their own.
struct ResponseCache {
  nanoseconds time_to_live{0};  // 0: no cache
  std::uint64_t bytes = std::uint64_t{64} << 20;
};

struct TargetSettings {
  TargetKind kind = TargetKind::engine;
  OpenAiSettings openai;
  SimulatedSettings simulated;
  Retries retries;
  CircuitBreaker breaker;
  ResponseCache cache;
  // Patience for one attempt, beside `timeout` for the whole; 0: only that.
  nanoseconds first_token_timeout{0};  // from the dispatch
  nanoseconds token_gap_timeout{0};    // between content chunks

  // ---- which model, and how the embedded engine runs it
  std::string model;                                  // path, name, or "synthetic:llama-15m/q8_0"
  std::optional<ModelChoice> model_choice;            // none: as `model` says, synthetic or real
  std::string fallback = "synthetic:llama-15m/q8_0";  // stands in for a real model
  std::vector<std::string> sources;  // http(s) addresses of the model's file, tried in this order
  std::string sha256;                // of that file, 64 lower-case digits; empty: not known
  Device device = Device::automatic;
  bool device_is_named = false;     // the file has the key: a missing GPU is worth a warning
  std::optional<int> device_index;  // of the GPU, as its runtime counts; none: the first usable
  std::uint64_t gpu_memory = 0;     // bytes that may be taken of it; 0: most of what is free
  bool require_gpu = false;         // a missing GPU is an error instead of a warning
  unsigned threads = 0;             // 0: leave one core to the load generator
  unsigned max_batch = 64;          // requests that share one engine step, at most
  unsigned prefill_chunk = 128;     // prompt tokens in one step, over all requests
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

/// A conversation: the next turn carries the real answers so far. One turn is a lone request.
struct Conversations {
  Distribution turns = Distribution::constant(1);  // of a session, at least 1
  Distribution pause = Distribution::constant(0);  // seconds, between a user's sessions
  std::string system_prompt;                       // opens every conversation; empty: none
};

/// Closed model: users, each of whom waits for its answer, thinks, asks again.
struct ClosedUsers {
  LoadShape count = LoadShape::constant(1);             // users at work over time
  Distribution think_time = Distribution::constant(0);  // seconds, between turns and requests
  Conversations conversations;
};

/// What happens to an arrival while as many requests are in flight as may be. Neither is silent.
enum class WhenFull { wait, drop };  // counted as late, counted as dropped

/// Open model: requests arrive whether or not earlier ones were answered.
struct OpenArrivals {
  enum class Process { constant, poisson, gamma } process = Process::poisson;
  LoadShape rate = LoadShape::constant(1);  // arrivals per second over all agents
  double burstiness = 1;                    // gamma: coefficient of variation of the gaps
  std::uint64_t max_in_flight = 0;          // over all agents; 0: no limit
  WhenFull when_full = WhenFull::wait;
};

/// Open model: what happened somewhere happens again.
struct TraceReplay {
  enum class Format { automatic, mooncake, azure, burstgpt };  // automatic: by header and keys

  std::string file;  // relative to the scenario file
  Format format = Format::automatic;
  double time_scale = 1;              // 10: ten times as fast
  std::uint64_t skip = 0, limit = 0;  // entries; limit 0: all
  std::uint64_t max_in_flight = 0;    // as in OpenArrivals
  WhenFull when_full = WhenFull::wait;
};

using Load = std::variant<ClosedUsers, OpenArrivals, TraceReplay>;

/// Prompts from a file: text (one a line), JSONL, or ShareGPT's JSON (whole conversations).
struct PromptsFromFile {
  enum class Format { automatic, text, jsonl, sharegpt };  // automatic: by name and first bytes

  std::string file;  // relative to the scenario file
  Format format = Format::automatic;
  std::string field = "prompt";  // jsonl: where the text is
};
struct SyntheticPrompts {
  Distribution tokens = Distribution::constant(32);  // of the whole prompt, shared prefix included
};
/// Prompts of a group begin alike: `depth` levels, each half of the groups of the level below.
struct SharedPrefixes {
  unsigned groups = 0;                              // 0: none
  unsigned depth = 1;                               // level d has groups / 2^(depth - 1 - d), >= 1
  Distribution tokens = Distribution::constant(0);  // of the whole prefix
};
using PromptContent = std::variant<SyntheticPrompts, PromptsFromFile>;

/// One kind of request among several; figures can be told apart by its name.
struct Category {
  std::string name;  // empty where there is only one
  double weight = 1;
  PromptContent prompts = SyntheticPrompts{};
  SharedPrefixes prefixes;
  Distribution answer_tokens = Distribution::constant(32);
};

/// Re-asks a sample of the prompts at rest and compares the answers.
struct AccuracyCheck {
  double sample = 0;                                  // share of requests; 0: no check
  nanoseconds time_limit = std::chrono::seconds(60);  // for all re-asking, after the drain
};

/// Which agents take part, how much of the load each makes, and what may go wrong without failing
/// the run. An agent has labels: words such as "gpu" or "rack=a".
struct AgentRules {
  struct Weight {
    std::string label;
    unsigned weight = 1;  // 1 .. 100
  };
  std::vector<std::string> require;  // every agent needs all of these labels; others are refused
  std::vector<Weight> weights;       // the first whose label an agent has; agents with none weigh 1
  unsigned may_lose = 0;             // so many may be lost; the others take over their work
  nanoseconds take_over_ramp = std::chrono::seconds(10);  // from none of it to all of it
  nanoseconds may_pause{0};  // so long in all may an agent be without the coordinator's lease
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
  std::vector<Category> categories{Category{}};  // at least one
  AccuracyCheck accuracy;
  AgentRules agents;
  Phases phases;
  std::vector<Threshold> thresholds;
  std::vector<unsigned> threshold_lines;  // of the file, one for each of them
  AdaptiveSettings adaptive;              // whether and how limits come from the table
  std::vector<Threshold> service_levels;  // that each request should keep: parse_service_level
};

}  // namespace squall::scenarios
