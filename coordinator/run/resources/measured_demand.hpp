#pragma once
// What the measured phase asked of an agent's engine, from counts and sums that every agent
// reports: the figures that evidence of bottlenecks is computed from. Pure arithmetic.

#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

/// Of one agent; all zero where nothing was measured.
struct MeasuredDemand {
  double seconds = 0;              // of its measured window
  double tokens = 0;               // of answers, a second
  double prompt_tokens = 0;        // a second
  double answers = 0;              // of the measured phase
  double queue = 0, prefill = 0;   // seconds of all answers together
  double ttft = 0, answering = 0;  // from the dispatch on: to the first token, to the last

  bool tells_queue = false;  // the target stamps when it takes a request into its batch
  double places() const;     // requests in the batch at a time, mean
  double decoding() const;   // of them, past their prompt
  double steps() const;      // of decoding, a second
  double positions() const;  // before a token, mean
  double bytes(const scenarios::ModelFacts& model) const;          // read from memory, a second
  double multiply_adds(const scenarios::ModelFacts& model) const;  // a second
};

MeasuredDemand demand_of(const RunRecord& record, std::size_t agent);

}  // namespace squall::coordinator
