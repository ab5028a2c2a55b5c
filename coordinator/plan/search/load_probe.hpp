#pragma once
// One probe of a capacity search: a load that was run, and what came of it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace squall::coordinator {

/// What is searched: users who wait for their answers (closed model), or requests per second that
/// wait for nobody (open model). Two questions with two answers.
enum class LoadKind { users, requests };

enum class ProbeRole {
  search,  // where is the highest load?
  level,   // more points for the scaling law
  soak     // does the answer hold for longer?
};

enum class ProbeJudgement { pass, fail, undecided, invalid };

/// How far a load missed (above 0) or met a limit. For limits on shares (percentiles, errors): the
/// log odds of the share that was measured less those of the share that is allowed; in a queue this
/// is nearly straight over the logarithm of the load.
struct Excess {
  double value = 0;
  double error = 0;     // standard error
  bool beyond = false;  // nothing (value <= 0) or everything (>= 0) violated it: the truth lies
                        // further out
};

/// One limit of the service level objective, as the run was judged by it.
struct ProbeLimit {
  std::string text;                  // "ttft p95 < 300ms"
  std::string status;                // "pass", "fail", "inconclusive"
  std::optional<double> measured{};  // in the unit of `limit`
  double limit = 0;
  bool at_least = false;  // requests went unanswered: the measured is only a bound
  std::string explanation{};
};

/// Whether requests in flight grew in the measured phase.
struct Stability {
  bool asked = false;     // open loads only: users who wait cannot pile up
  bool unstable = false;  // slope > 0, p < 0.01
  double slope = 0;       // requests a second
  double p = 1;           // one-sided
};

struct LoadProbe {
  ProbeRole role = ProbeRole::search;
  double load = 0;  // users, or requests per second
  std::string run;  // its id
  ProbeJudgement judgement = ProbeJudgement::invalid;
  std::string why;  // in words: the limit that decided it
  std::optional<Excess> excess{};
  Stability stability{};
  std::vector<ProbeLimit> limits{};

  double window = 0;        // seconds measured
  double usual_window = 0;  // of a probe as the scenario has it; a stretched one is longer
  double took = 0;          // seconds of everything, start to report
  std::uint64_t answers = 0;
  std::optional<double> tokens_per_second{}, requests_per_second{}, mean_in_flight{};
  std::optional<double> ttft_p50{}, ttft_p95{}, e2e_p50{}, e2e_p95{};  // seconds
  std::string bottleneck{};           // what held it back, in words; empty: not known
  std::string bottleneck_sentence{};  // with the evidence

  bool usable() const { return judgement != ProbeJudgement::invalid; }
  /// Whether it speaks against the load: by its judgement, and where that is open by its figures.
  bool missed() const {
    if (judgement == ProbeJudgement::fail) return true;
    return judgement == ProbeJudgement::undecided && excess && excess->value > 0;
  }
};

}  // namespace squall::coordinator
