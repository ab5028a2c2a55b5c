#pragma once
// Computes a run's whole report again from its journal and compares it with the one that was
// stored: what a report says is then a matter of the journal alone, not of trust.

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/report/json_difference.hpp"

namespace squall::coordinator {

/// A run that cannot be verified: it is not over, or its report is not there. The message says what
/// to do.
struct VerificationError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct RunVerification {
  std::string run;
  std::uint64_t records = 0, batches = 0, agents = 0, seals = 0;
  std::uint64_t torn_bytes = 0;             // at the journal's end; no harm where the run is over
  std::vector<std::string> contradictions;  // between seals and what was kept; texts of agents
  JsonComparison report;

  bool agrees() const { return contradictions.empty() && report.differences.empty(); }
};

/// Throws actors::JournalError (damage, none of this release), VerificationError, and
/// scenarios::ScenarioError. Memory: of the record, not of the journal.
RunVerification verify_run(const std::filesystem::path& journal,
                           const std::filesystem::path& report);

/// For people, without colour; safe to print.
std::string in_words(const RunVerification& verification);

}  // namespace squall::coordinator
