#pragma once
// The parts of the text summary that tell what machines used and what held the run back.

#include "coordinator/report/resources/resource_report.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

/// Each agent's machine in the measured window; the first ones of many. Names are made printable.
/// Empty where nothing was sampled.
TextTable resources_table(const ResourceReport& report);

/// For how many agents there was no room in it.
std::size_t agents_left_out(const ResourceReport& report);

/// Each thing that can be the limit, how near it was, and the figures.
TextTable bottleneck_table(const Bottleneck& bottleneck);

}  // namespace squall::coordinator
