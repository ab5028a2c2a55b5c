#pragma once
// The parts of the text summary that tell of the load itself: what became of the requests beside
// their latencies, categories of prompts, and what happened in the course of the run.

#include "coordinator/report/run_report.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

/// Late, retried, answered from memory, asked again, … of the measured phase; only what there was.
/// Empty when there was none of it.
TextTable load_table(const RunReport& report);

/// Empty where there is only one category.
TextTable categories_table(const PhaseReport& phase);

/// Empty when nothing happened.
TextTable events_table(const RunReport& report);

/// "share 2 of 3"; of one that weighs more, "shares 4 to 8 of 8".
std::string share_in_words(const scenarios::AgentShare& share);

/// One agent in words: share, target, model, what it can drive and what the run needed.
std::string agent_in_words(const AgentReport& agent);

}  // namespace squall::coordinator
