#pragma once
// What a selftest wants to know of a run, read from the JSON that `squall run --json` writes.

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace squall::coordinator {

using std::chrono::nanoseconds;

struct SelftestFigures {
  struct Percentile {
    double percentile = 0;
    bool enough = false;  // else the rest is 0
    nanoseconds value{0}, low{0}, high{0};
  };

  std::uint64_t agents = 0;
  std::uint64_t scheduled = 0, issued = 0, ended = 0;  // of the measured phase
  std::vector<std::string> failed_audits;              // "ledger balances: 3 missing"
  std::vector<std::string> late_audits;  // failed too, for this machine's lateness alone
  bool simulated = false;                // the report says so
  nanoseconds generator_cpu{0};          // of all agents, without any engine

  // Of ttft, which counts from the intended start.
  std::uint64_t samples = 0;
  std::vector<Percentile> ttft;
  nanoseconds longest{0};
  std::uint64_t waited_a_second = 0;  // or longer

  nanoseconds dispatch_delay_p99{0};
  nanoseconds noise_floor_p99{0};  // of a bare sleeping thread meanwhile; 0: not measured
  /// Means: how late requests were sent, and how late content was stamped after its law's instant.
  nanoseconds dispatch_delay{0}, stamp_delay{0};
  nanoseconds own_error() const { return dispatch_delay + stamp_delay; }

  const Percentile& ttft_at(double percentile) const;
};

/// The text is no report of a run.
struct SelftestFiguresError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

SelftestFigures read_selftest_figures(const std::string& json);

}  // namespace squall::coordinator
