#pragma once
// A run's figures under the names that vLLM's `benchmark_serving` (`vllm bench serve
// --save-result`) gives them, for scripts and charts that read its results.

#include <string>

#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

/// The measured phase, completed requests only, durations in milliseconds. What is not known, or
/// withheld for want of samples, is null; the key "squall" says why, and what differs in meaning.
std::string json_vllm(const ReportedRun& run);

}  // namespace squall::coordinator
